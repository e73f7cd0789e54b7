// Session: what a command works with: the connection, the places, the output, and one way to fail.
//
// Layer:   clients/cli.
// Secrets: the token, in the channel.
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/base/result.h"
#include "clients/cli/arguments.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/output.h"
#include "clients/common/channel.h"
#include "clients/common/places.h"
#include "clients/common/slot_program.h"

namespace nacre::cli {

class Session {
public:
    // Before this process gives up reading what finding the places takes.
    explicit Session(const Arguments& arguments)
        : arguments_{arguments}, output_{arguments.json}, found_{client::find_places(arguments.places)} {}

    // Before this process gives up starting programs.
    void start_slot_program() { slot_program_.emplace(client::SlotProgram::start(arguments_.tpm_address)); }
    // Where Arguments::meets_tpm(). An error if it could not be started.
    Result<client::SlotProgram>& slot_program() { return *slot_program_; }

    // Reads the token if there is one, connects. Reports what fails.
    std::optional<ExitCode> connect();

    const Arguments& arguments() const { return arguments_; }
    const Output& output() const { return output_; }
    const Result<client::Places>& found() const { return found_; }
    // Where found().
    const client::Places& places() const { return *found_; }
    const client::Channel& channel() const { return *channel_; }
    // After connect().
    template <class Service>
    std::unique_ptr<typename Service::Stub> stub() const {
        return Service::NewStub(channel_->grpc());
    }

    // Print what went wrong and what to do; return the code to end with.
    ExitCode fail(ErrorCode code) const;
    ExitCode fail(ErrorCode code, std::string_view sentence) const;
    ExitCode fail(const Error& error, std::string_view about) const;
    ExitCode fail(const grpc::Status& status) const;

private:
    const Arguments& arguments_;
    Output output_;
    Result<client::Places> found_;
    std::optional<client::Channel> channel_;
    std::optional<Result<client::SlotProgram>> slot_program_;
};

}  // namespace nacre::cli
