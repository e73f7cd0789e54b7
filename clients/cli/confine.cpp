#include "clients/cli/confine.h"

#include "sandbox/filter.h"
#include "sandbox/landlock.h"

namespace nacre::cli {
namespace {

namespace fs = std::filesystem;

// A TPM slot's file lies beside the token.
bool writes_beside_token(const Arguments& arguments) {
    return arguments.verb == "init" || arguments.new_token || arguments.meets_tpm();
}

// The folder, or what there is of it: the rest may have to be made.
fs::path existing(fs::path folder) {
    std::error_code failed;
    if (folder.empty()) folder = ".";
    while (!fs::exists(folder, failed) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
}

}  // namespace

Result<void> restrict_paths(const Arguments& arguments, const Result<client::Places>& found) {
    sandbox::Grants grants;
    // Names that are wrong are complained of later.
    if (found.ok()) {
        const fs::path& token = found->token_file;
        const bool writes = writes_beside_token(arguments);
        std::error_code failed;
        if (writes) fs::create_directories(token.parent_path(), failed);
        grants.places.push_back(writes ? sandbox::Place{"write", existing(token.parent_path())}
                                       : sandbox::Place{"read", token});
    }
    for (const std::string& file : {arguments.with_key_file, arguments.key_file}) {
        if (!file.empty()) grants.places.push_back({"read", file});
    }
    const auto makes = [&grants](const fs::path& file) {
        grants.places.push_back({"write", existing(file.parent_path())});
    };
    if (arguments.make) makes(arguments.key_file);
    if (!arguments.credential_file.empty() && arguments.credential_file != "-") {
        makes(arguments.credential_file);
    }
    NACRE_TRY(sandbox::restrict_access(sandbox::Process::command, grants));
    return {};
}

Result<void> filter_calls() {
    NACRE_TRY(sandbox::filter_calls(sandbox::Process::command));
    return {};
}

}  // namespace nacre::cli
