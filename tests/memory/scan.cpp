// memory_scan: looks for many secrets in processes, in files, and in a process at its very end.
//
// Layer:   tests/memory; a program of the tests. Root only.
// Secrets: what is looked for comes on standard input, so that it stands in nobody's arguments; the
//          scanner never looks at itself.
// Errors:  a line "error" and status 1.
//
// Standard input, a command a line; arguments are separated by tabs:
//   text NAME HEX    key NAME HEX     what to look for
//   pid PID                           the memory and the open, unlinked files of a process
//   tree FOLDER SECONDS               regular files changed at or after SECONDS (Unix time)
//   file PATH                         one file
//   exit PID                          answers "tracing", and scans when the process ends
// Standard output: "hit WHERE OFFSET WHAT" each, then "done WHERE BYTES REFUSED" a command.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/memory/exit_stop.h"
#include "tests/memory/patterns.h"
#include "tests/memory/process.h"

namespace nacre::memory {
namespace {

namespace fs = std::filesystem;

void say(const std::string& line) { std::cout << line << std::endl; }

std::string bytes_of(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return out;
}

class Scanner {
public:
    bool run(const std::string& line) {
        std::vector<std::string> words;
        std::istringstream fields{line};
        for (std::string word; std::getline(fields, word, '\t');) words.push_back(word);
        if (words.size() == 3 && words[0] == "text") return patterns_.add_text(words[1], bytes_of(words[2]));
        if (words.size() == 3 && words[0] == "key") return patterns_.add_key(words[1], bytes_of(words[2]));
        if (words.size() == 2 && words[0] == "pid") return scan_process(std::stoi(words[1]));
        if (words.size() == 2 && words[0] == "exit") return scan_at_exit(std::stoi(words[1]));
        if (words.size() == 2 && words[0] == "file") return scan_file(words[1], words[1]);
        if (words.size() == 3 && words[0] == "tree") return scan_tree(words[1], std::stoll(words[2]));
        return false;
    }

private:
    void search(const std::string& where, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
        patterns_.search(bytes, [&](std::size_t form, std::size_t at) {
            std::ostringstream out;
            out << "hit\t" << where << "\t0x" << std::hex << offset + at << '\t' << patterns_.name(form);
            say(out.str());
        });
    }

    static void report(const std::string& where, const MemoryRead& total) {
        say("done\t" + where + "\t" + std::to_string(total.bytes) + "\t" + std::to_string(total.refused));
    }

    bool scan_memory(pid_t pid, const std::string& program, MemoryRead& total) {
        return read_memory(pid, total, [&](const Mapping& mapping, std::uint64_t offset, auto bytes) {
            search(program + " " + mapping.name, offset, bytes);
        });
    }

    bool scan_process(pid_t pid) {
        const std::string program = program_of(pid);
        MemoryRead total;
        if (!scan_memory(pid, program, total)) return false;
        std::error_code error;
        fs::directory_iterator open_files{"/proc/" + std::to_string(pid) + "/fd", error};
        if (error) return false;
        for (const auto& entry : open_files) {
            // memfds, and files that were unlinked while open, are in no tree.
            const std::string target = fs::read_symlink(entry.path(), error).string();
            if (!target.ends_with(" (deleted)")) continue;
            if (!scan_bytes(entry.path(), program + " " + target, total)) return false;
        }
        report(program, total);
        return true;
    }

    bool scan_at_exit(pid_t pid) {
        const std::string program = program_of(pid);
        if (!trace(pid)) return false;
        say("tracing");
        MemoryRead total;
        bool read = false;
        int status = 0;
        if (!wait_for_end(pid, [&] { read = scan_memory(pid, program, total); }, status) || !read) return false;
        report(program + (WIFEXITED(status) ? " exited " + std::to_string(WEXITSTATUS(status))
                                            : " killed " + std::to_string(WTERMSIG(status))),
               total);
        return true;
    }

    bool scan_bytes(const fs::path& path, const std::string& where, MemoryRead& total) {
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) return errno == ENOENT;  // gone meanwhile
        struct stat about {};
        std::vector<std::uint8_t> buffer(std::size_t{4} << 20);
        std::uint64_t at = 0;
        while (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
            const ssize_t got = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at));
            if (got <= 0) break;
            search(where, at, {buffer.data(), static_cast<std::size_t>(got)});
            // What may be cut at the end of this piece is whole in the next.
            const auto read = static_cast<std::uint64_t>(got);
            const std::uint64_t step = read == buffer.size() ? read - 4096 : read;
            total.bytes += step;
            at += step;
        }
        close(fd);
        return true;
    }

    bool scan_file(const fs::path& path, const std::string& where) {
        MemoryRead total;
        if (!fs::exists(path) || !scan_bytes(path, where, total)) return false;
        report(where, total);
        return true;
    }

    // One file system: what is mounted below (/proc of a chroot) is not the tree's.
    bool scan_tree(const fs::path& folder, std::int64_t since) {
        struct stat top {};
        if (stat(folder.c_str(), &top) != 0) return false;
        MemoryRead total;
        std::error_code error;
        constexpr auto kOptions = fs::directory_options::skip_permission_denied;
        for (auto it = fs::recursive_directory_iterator{folder, kOptions, error};
             it != fs::recursive_directory_iterator{}; it.increment(error)) {
            struct stat about {};
            if (error || lstat(it->path().c_str(), &about) != 0) continue;
            if (about.st_dev != top.st_dev) it.disable_recursion_pending();
            // The change time cannot be set back, so older files cannot hold today's secrets.
            if (!S_ISREG(about.st_mode) || about.st_ctim.tv_sec < since) continue;
            if (!scan_bytes(it->path(), it->path().string(), total)) return false;
        }
        report(folder.string(), total);
        return true;
    }

    Patterns patterns_;
};

}  // namespace
}  // namespace nacre::memory

int main() {
    nacre::memory::Scanner scanner;
    for (std::string line; std::getline(std::cin, line);) {
        if (scanner.run(line)) continue;
        // Without what may be a secret.
        std::cout << "error\t" << line.substr(0, line.rfind('\t')) << std::endl;
        return 1;
    }
    return 0;
}
