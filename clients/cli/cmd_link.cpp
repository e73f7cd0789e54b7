// nacre link: shows the QR code until the phone has scanned it, then how the linking goes.
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "clients/cli/commands.h"
#include "clients/cli/qr_code.h"
#include "clients/cli/records.h"
#include "clients/cli/terminal_text.h"
#include "nacre/v1/linking.grpc.pb.h"

namespace nacre::cli {
namespace {

std::string default_device_name() {
    std::array<char, 65> host{};
    if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "nacre";
    return "nacre on " + std::string{host.data()};
}

std::string step_text(v1::LinkProgress::Step step) {
    switch (step) {
        case v1::LinkProgress::STEP_SCANNED: return "The phone has scanned the code.";
        case v1::LinkProgress::STEP_REGISTERING: return "The server registers this device …";
        case v1::LinkProgress::STEP_UPLOADING_KEYS: return "Uploading keys …";
        case v1::LinkProgress::STEP_SYNCING: return "Asking the phone for contacts and settings …";
        default: return "Going on …";
    }
}

std::size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

class Show {
public:
    explicit Show(const Output& output) : output_{output} {}

    void uri(const std::string& uri) {
        if (output_.json()) {
            JsonObject object;
            return output_.object(object.add("state", "uri").add("uri", uri));
        }
        const Result<QrModules> modules = encode_qr(uri);
        // The one before has expired: it must not stay on the screen.
        if (drawn_ > 0 && output_.colours()) {
            erase_ = "\x1b[" + std::to_string(drawn_) + "A\x1b[J";
        }
        drawn_ = 0;
        line("On your phone: Signal > Settings > Linked devices > Link new device, and scan this:");
        if (modules.ok() && modules->size() + 8 > terminal_columns()) {
            line("(The code is wider than this terminal: make it wider, or its letters smaller.)");
        }
        if (modules.ok()) {
            for (const std::string& row : draw_qr(*modules, output_.colours())) line(row);
        }
        line("");
        line(safe_line(uri));
    }

    void progress(v1::LinkProgress::Step step) {
        if (output_.json()) {
            JsonObject object;
            object.add("state", "progress")
                .add("step", word(v1::LinkProgress::Step_Name(step), "STEP_"));
            return output_.object(object);
        }
        output_.line(step_text(step));
    }

    void linked(const v1::Linked& linked) {
        if (output_.json()) {
            JsonObject object;
            object.add("state", "linked")
                .add("number", linked.number())
                .add("aci", linked.aci())
                .add("deviceId", linked.device_id());
            return output_.object(object);
        }
        output_.line("Linked to " + safe_line(linked.number()) + " as device " +
                     std::to_string(linked.device_id()) + ".");
    }

private:
    void line(const std::string& text) {
        output_.line(std::exchange(erase_, {}) + text);
        const std::size_t columns = terminal_columns();
        const std::size_t taken = text.starts_with('\x1b') ? 1 : width(text);
        // What the terminal wraps takes more lines than one.
        drawn_ += taken <= columns ? 1 : (taken + columns - 1) / columns;
    }

    const Output& output_;
    std::string erase_;
    std::size_t drawn_ = 0;
};

}  // namespace

ExitCode cmd_link(Session& session) {
    v1::LinkRequest request;
    const std::string& name = session.arguments().device_name;
    request.set_device_name(name.empty() ? default_device_name() : name);
    if (!is_utf8(request.device_name()) || request.device_name().size() > 100) {
        return session.fail(ErrorCode::invalid_argument,
                            "A device name has up to 100 bytes of UTF-8.");
    }
    const auto call = session.channel().endless_call();
    const auto stub = session.stub<v1::LinkingService>();
    const auto stream = stub->Link(call.get(), request);
    Show show{session.output()};
    v1::LinkResponse reply;
    while (stream->Read(&reply)) {
        if (reply.has_uri()) show.uri(reply.uri().uri());
        if (reply.has_progress()) show.progress(reply.progress().step());
        if (reply.has_linked()) show.linked(reply.linked());
    }
    const grpc::Status done = stream->Finish();
    return done.ok() ? ExitCode::success : session.fail(done);
}

}  // namespace nacre::cli
