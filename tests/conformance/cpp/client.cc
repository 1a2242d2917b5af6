// A small client of the daemon in C++, on generated code and a socket.
//
// Built by test_cpp_client.py from our rpc.proto. Usage: client SOCKET SCENARIO. Exits
// with 0, or prints the check that failed and exits with 1.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "rpc.pb.h"

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition);      \
            std::exit(1);                                                     \
        }                                                                     \
    } while (0)

namespace {

class Client {
public:
    explicit Client(const char *path) {
        fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(fd_ >= 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        CHECK(std::strlen(path) < sizeof(address.sun_path));
        std::strcpy(address.sun_path, path);
        CHECK(connect(fd_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0);
    }
    ~Client() { close(fd_); }

    // How many bytes each write carries; 0 for all at once.
    size_t chunk = 0;

    rpc::TContainerResponse Call(const rpc::TContainerRequest &request) {
        Send(request);
        return Receive();
    }

    void Send(const rpc::TContainerRequest &request) {
        std::string body;
        CHECK(request.SerializeToString(&body));
        std::string frame;
        for (size_t count = body.size();; count >>= 7) {
            if (count < 0x80) {
                frame.push_back(static_cast<char>(count));
                break;
            }
            frame.push_back(static_cast<char>((count & 0x7f) | 0x80));
        }
        frame += body;
        for (size_t at = 0; at < frame.size();) {
            size_t size = chunk ? std::min(chunk, frame.size() - at) : frame.size() - at;
            ssize_t written = send(fd_, frame.data() + at, size, MSG_NOSIGNAL);
            CHECK(written > 0);
            at += static_cast<size_t>(written);
        }
    }

    rpc::TContainerResponse Receive() {
        uint64_t count = 0;
        for (int shift = 0;; shift += 7) {
            unsigned char byte;
            CHECK(recv(fd_, &byte, 1, 0) == 1);
            count |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80)
                break;
        }
        std::string body(count, '\0');
        for (size_t at = 0; at < count;) {
            ssize_t got = recv(fd_, &body[at], count - at, 0);
            CHECK(got > 0);
            at += static_cast<size_t>(got);
        }
        rpc::TContainerResponse response;
        CHECK(response.ParseFromString(body));
        CHECK(response.has_error());
        CHECK(response.has_errormsg());
        return response;
    }

    rpc::TContainerResponse Ok(const rpc::TContainerRequest &request) {
        auto response = Call(request);
        if (response.error() != rpc::Success) {
            std::fprintf(stderr, "%s\n%s\n", request.ShortDebugString().c_str(),
                         response.ShortDebugString().c_str());
            std::exit(1);
        }
        CHECK(response.errormsg().empty());
        return response;
    }

    std::string Get(const std::string &name, const std::string &property) {
        rpc::TContainerRequest request;
        request.mutable_getproperty()->set_name(name);
        request.mutable_getproperty()->set_property(property);
        return Ok(request).getproperty().value();
    }

    void Set(const std::string &name, const std::string &property, const std::string &value) {
        rpc::TContainerRequest request;
        request.mutable_setproperty()->set_name(name);
        request.mutable_setproperty()->set_property(property);
        request.mutable_setproperty()->set_value(value);
        Ok(request);
    }

private:
    int fd_;
};

rpc::TContainerRequest Create(const std::string &name) {
    rpc::TContainerRequest request;
    request.mutable_create()->set_name(name);
    return request;
}

rpc::TContainerRequest Destroy(const std::string &name) {
    rpc::TContainerRequest request;
    request.mutable_destroy()->set_name(name);
    return request;
}

void Version(Client &client) {
    rpc::TContainerRequest request;
    request.mutable_version();
    auto response = client.Ok(request);
    CHECK(!response.version().tag().empty());
    CHECK(response.version().has_revision());
}

void LifeCycle(Client &client, const std::string &name) {
    client.Ok(Create(name));
    CHECK(client.Get(name, "state") == "stopped");
    client.Set(name, "command", "sh -c 'exit 7'");

    rpc::TContainerRequest start;
    start.mutable_start()->set_name(name);
    client.Ok(start);

    rpc::TContainerRequest wait;
    wait.mutable_wait()->add_name(name);
    wait.mutable_wait()->set_timeout_ms(30000);
    CHECK(client.Ok(wait).wait().name() == name);
    CHECK(client.Get(name, "state") == "dead");
    CHECK(client.Get(name, "exit_status") == std::to_string(7 << 8));

    rpc::TContainerRequest get;
    get.mutable_get()->add_name(name);
    get.mutable_get()->add_variable("exit_code");
    get.mutable_get()->add_variable("nothing");
    auto list = client.Ok(get).get().list();
    CHECK(list.size() == 1);
    CHECK(list[0].name() == name);
    CHECK(list[0].keyval_size() == 2);
    CHECK(list[0].keyval(0).variable() == "exit_code");
    CHECK(list[0].keyval(0).value() == "7");
    CHECK(list[0].keyval(1).error() == rpc::InvalidProperty);

    rpc::TContainerRequest names;
    names.mutable_list();
    auto listed = client.Ok(names);
    bool found = false;
    for (const auto &each : listed.list().name())
        found |= each == name;
    CHECK(found);

    client.Ok(Destroy(name));
    CHECK(client.Call(Destroy(name)).error() == rpc::ContainerDoesNotExist);
}

void Errors(Client &client, const std::string &name) {
    CHECK(client.Call(rpc::TContainerRequest()).error() == rpc::InvalidMethod);
    client.Ok(Create(name));
    auto again = client.Call(Create(name));
    CHECK(again.error() == rpc::ContainerAlreadyExists);
    CHECK(!again.errormsg().empty());
    CHECK(client.Call(Create("b@d name")).error() == rpc::InvalidValue);

    rpc::TContainerRequest kill;
    kill.mutable_kill()->set_name(name);
    kill.mutable_kill()->set_sig(9);
    CHECK(client.Call(kill).error() == rpc::InvalidState);
    client.Ok(Destroy(name));
}

void Split(Client &client, const std::string &name) {
    for (size_t chunk : {1, 2, 3, 7}) {
        client.chunk = chunk;
        client.Ok(Create(name));
        client.Set(name, "private", std::string(300, 'x'));
        CHECK(client.Get(name, "private") == std::string(300, 'x'));
        client.Ok(Destroy(name));
    }
}

void Spec(Client &client, const std::string &name) {
    rpc::TContainerRequest request;
    auto spec = request.mutable_createfromspec()->mutable_container();
    spec->set_name(name);
    spec->set_command("sleep 1000");
    spec->mutable_env()->add_var()->set_name("A");
    spec->mutable_env()->mutable_var(0)->set_value("1");
    request.mutable_createfromspec()->set_start(true);
    client.Ok(request);
    CHECK(client.Get(name, "state") == "running");

    rpc::TContainerRequest list;
    list.mutable_listcontainersby()->add_filters()->set_name(name);
    auto response = client.Ok(list);
    CHECK(response.listcontainersby().containers_size() == 1);
    CHECK(response.listcontainersby().containers(0).spec().name() == name);
    CHECK(response.listcontainersby().containers(0).spec().command() == "sleep 1000");
    CHECK(response.listcontainersby().containers(0).status().state() == "running");
    client.Ok(Destroy(name));
}

void Events(Client &client, const std::string &name) {
    rpc::TContainerRequest watch;
    watch.mutable_asyncwait()->add_name(name);
    client.Ok(watch);
    client.Send(Create(name));
    // The reply and the event may come in either order.
    bool replied = false, told = false;
    while (!replied || !told) {
        auto response = client.Receive();
        CHECK(response.error() == rpc::Success);
        if (response.has_asyncwait()) {
            CHECK(response.asyncwait().name() == name);
            CHECK(response.asyncwait().state() == "stopped");
            told = true;
        } else {
            replied = true;
        }
    }
}

}  // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    Client client(argv[1]);
    std::string scenario = argv[2];
    if (scenario == "version")
        Version(client);
    else if (scenario == "life-cycle")
        LifeCycle(client, "cpp-life");
    else if (scenario == "errors")
        Errors(client, "cpp-errors");
    else if (scenario == "split")
        Split(client, "cpp-split");
    else if (scenario == "spec")
        Spec(client, "cpp-spec");
    else if (scenario == "events")
        Events(client, "cpp-events");
    else
        CHECK(!"a known scenario");
    return 0;
}
