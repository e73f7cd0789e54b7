#include "clients/cli/completion.h"

#include <algorithm>
#include <string_view>

namespace nacre::cli {
namespace {

// Where the typed words have led.
class Walk {
public:
    explicit Walk(const CommandHelp& program) : path_{&program} {}

    void take(const std::string& word) {
        if (awaited_ != nullptr && word == "=") return;  // bash makes a word of it
        if (awaited_ != nullptr) {
            keep_place(*awaited_, word);
            awaited_ = nullptr;
        } else if (word.size() > 1 && word.front() == '-' && !only_places_) {
            take_option(word);
        } else if (const CommandHelp* command = find_command(word)) {
            above_.push_back(path_);
            path_ = command;
        } else {
            ++place_;
        }
    }

    // The option whose value the word is, or null.
    const OptionHelp* awaited() const { return awaited_; }
    bool only_places() const { return only_places_; }
    const client::PlaceOptions& places() const { return places_; }
    const std::vector<CommandHelp>& commands() const { return path_->commands; }

    const OptionHelp* option(std::string_view name) const {
        for (const CommandHelp* command : chain()) {
            for (const OptionHelp& option : command->options) {
                if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
                    return &option;
            }
        }
        return nullptr;
    }

    // Of the command in hand and of those above it.
    std::vector<const OptionHelp*> options() const {
        std::vector<const OptionHelp*> all;
        for (const CommandHelp* command : chain()) {
            for (const OptionHelp& option : command->options) {
                if (!option.names.empty()) all.push_back(&option);
            }
        }
        return all;
    }

    // What stands at the next place, or null.
    const OptionHelp* next_place() const {
        std::size_t place = 0;
        for (const OptionHelp& option : path_->options) {
            if (option.names.empty() && place++ == place_) return &option;
        }
        return nullptr;
    }

private:
    std::vector<const CommandHelp*> chain() const {
        std::vector<const CommandHelp*> all{path_};
        all.insert(all.end(), above_.rbegin(), above_.rend());
        return all;
    }

    void take_option(const std::string& word) {
        if (word == "--") {
            only_places_ = true;
            return;
        }
        const std::size_t equals = word.find('=');
        const OptionHelp* const found = option(std::string_view{word}.substr(0, equals));
        if (found == nullptr) return;
        if (found->names.back() == "--system") places_.system = true;
        if (found->value.empty()) return;
        if (equals == std::string::npos) {
            awaited_ = found;
        } else {
            keep_place(*found, word.substr(equals + 1));
        }
    }

    const CommandHelp* find_command(const std::string& word) const {
        const auto& commands = path_->commands;
        const auto found = std::find_if(commands.begin(), commands.end(),
                                        [&](const CommandHelp& item) { return item.name == word; });
        return found == commands.end() ? nullptr : &*found;
    }

    // Which daemon to ask.
    void keep_place(const OptionHelp& option, const std::string& value) {
        const std::string& name = option.names.back();
        if (name == "--instance") places_.instance = value;
        if (name == "--socket") places_.socket = value;
        if (name == "--token-file") places_.token_file = value;
    }

    const CommandHelp* path_;
    std::vector<const CommandHelp*> above_;
    const OptionHelp* awaited_ = nullptr;
    client::PlaceOptions places_;
    std::size_t place_ = 0;
    bool only_places_ = false;
};

// For a value: what it is, is its name.
Completion of_value(const std::string& value, const client::PlaceOptions& places,
                    const Lookup& lookup) {
    Completion out;
    if (value == "FILE" || value == "FOLDER") {
        out.files = true;
    } else if (value == "CONVERSATION" || value == "RECIPIENT" || value == "SLOT") {
        out.candidates = lookup(value, places);
    }
    return out;
}

Completion of_options(const Walk& walk) {
    Completion out;
    for (const OptionHelp* option : walk.options()) {
        out.candidates.push_back({option->names.back(), option->text});
    }
    return out;
}

Completion of_place(const Walk& walk, const Lookup& lookup) {
    Completion out;
    for (const CommandHelp& command : walk.commands())
        out.candidates.push_back({command.name, command.text});
    if (!out.candidates.empty()) return out;
    const OptionHelp* const place = walk.next_place();
    return place == nullptr ? out : of_value(place->value, walk.places(), lookup);
}

}  // namespace

std::string Completion::text() const {
    if (files) return ":files\n";
    std::string out;
    for (const Candidate& candidate : candidates) {
        // A line is a word to the scripts.
        if (candidate.word.find_first_of("\t\n\r") != std::string::npos) continue;
        out += candidate.word + "\t" + candidate.about + "\n";
    }
    return out;
}

Completion complete(const CommandHelp& program, const std::vector<std::string>& words,
                    const Lookup& lookup) {
    Walk walk{program};
    for (std::size_t i = 0; i + 1 < words.size(); ++i) walk.take(words[i]);
    const std::string typed = words.empty() ? std::string{} : words.back();
    Completion out;
    if (walk.awaited() != nullptr) {
        out = of_value(walk.awaited()->value, walk.places(), lookup);
    } else if (!typed.empty() && typed.front() == '-' && !walk.only_places()) {
        out = of_options(walk);
    } else {
        out = of_place(walk, lookup);
    }
    std::erase_if(out.candidates, [&](const Candidate& candidate) {
        return !candidate.word.starts_with(typed);
    });
    return out;
}

}  // namespace nacre::cli
