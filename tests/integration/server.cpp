#include "server.hpp"

#include "blocking_client.hpp"

#include <gwctl/json/value.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace gwctl::tests {
namespace {

/// "patch gateways/status default/web"
std::string write_line(const std::string& verb, const std::string& resource, const std::string& subresource,
                       const std::string& namespace_, const std::string& name) {
    return fmt::format("{} {}{}{} {}{}{}", verb, resource, subresource.empty() ? "" : "/", subresource,
                       namespace_, namespace_.empty() ? "" : "/", name);
}

class embedded_server final : public server_under_test {
public:
    embedded_server() : server_(options()) {
        // As manifests/install.yaml makes it, for the Lease.
        server_.apply(boost::json::parse(
            R"({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gateway-api-controller"}})"));
    }

    cluster_config admin() const override { return testing::config_for(server_); }
    cluster_config controller() const override { return testing::config_for(server_); }

    std::vector<std::string> writes() override {
        std::vector<std::string> lines;
        for (const testing::write_record& w : server_.writes())
            if (w.resource != "leases")
                lines.push_back(write_line(w.verb, w.resource, w.subresource, w.namespace_, w.name) + " by " +
                                w.user_agent);
        return lines;
    }

private:
    static testing::api_server_options options() {
        testing::api_server_options o;
        o.workloads = true;
        o.announcer = true;
        return o;
    }

    testing::api_server server_;
};

std::string text_at(const json::value& object, std::initializer_list<std::string_view> path) {
    const json::value* v = &object;
    for (const std::string_view member : path) {
        const json::object* o = v->if_object();
        v = o == nullptr ? nullptr : o->if_contains(member);
        if (v == nullptr)
            return {};
    }
    return v->is_string() ? std::string(v->get_string()) : std::string();
}

/// The writes of one user, from a log of audit.k8s.io/v1 events, one JSON object a line.
class audit_log {
public:
    /// Begins at the present end of the file.
    audit_log(std::string path, std::string user) : path_(std::move(path)), user_(std::move(user)) {
        std::ifstream file(path_, std::ios::binary | std::ios::ate);
        if (!file)
            throw api_error(errc::config, path_ +
                                              ": cannot be read; GWCTL_TEST_AUDIT_LOG names the API server's "
                                              "audit log");
        offset_ = file.tellg();
    }

    const std::vector<std::string>& lines() const { return lines_; }

    /// Takes in what was written since the last call. Returns whether an event about an object of that name
    /// was among it.
    bool read_until(const std::string& name) {
        std::ifstream file(path_, std::ios::binary);
        file.seekg(offset_);
        bool found = false;
        std::string line;
        while (std::getline(file, line) && !file.eof()) { // the last line may be half there
            offset_ += static_cast<std::streamoff>(line.size()) + 1;
            take(line);
            found = found || line.find(name) != std::string::npos;
        }
        return found;
    }

private:
    void take(const std::string& line) {
        if (line.find(user_) == std::string::npos)
            return;
        const json::value event = boost::json::parse(line);
        const std::string verb = text_at(event, {"verb"});
        const std::string resource = text_at(event, {"objectRef", "resource"});
        if (text_at(event, {"user", "username"}) != user_ ||
            text_at(event, {"stage"}) != "ResponseComplete" || verb == "get" || verb == "list" ||
            verb == "watch" || resource == "leases")
            return;
        const json::value* code = event.as_object().contains("responseStatus")
                                      ? event.at("responseStatus").as_object().if_contains("code")
                                      : nullptr;
        const auto about = [&](std::string_view member) { return text_at(event, {"objectRef", member}); };
        lines_.push_back(write_line(verb, resource, about("subresource"), about("namespace"), about("name")) +
                         fmt::format(": {}", code == nullptr ? 0 : code->to_number<int>()));
    }

    std::string path_;
    std::string user_;
    std::streamoff offset_ = 0;
    std::vector<std::string> lines_;
};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0')
        throw api_error(errc::config,
                        fmt::format("GWCTL_TEST_KUBECONFIG is set and {} is not; docs/testing.md says "
                                    "what it has to be",
                                    name));
    return value;
}

/// As whom the API server sees requests with this config.
std::string user_of(const cluster_config& config) {
    const std::string review = blocking_client(config).send(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        R"({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})", "application/json");
    return text_at(boost::json::parse(review), {"status", "userInfo", "username"});
}

class kubernetes_server final : public server_under_test {
public:
    explicit kubernetes_server(const std::string& kubeconfig)
        : admin_(load_kubeconfig(kubeconfig).value()),
          controller_(load_kubeconfig(variable("GWCTL_TEST_CONTROLLER_KUBECONFIG")).value()), api_(admin_),
          audit_(variable("GWCTL_TEST_AUDIT_LOG"), user_of(controller_)) {}

    cluster_config admin() const override { return admin_; }
    cluster_config controller() const override { return controller_; }

    std::vector<std::string> writes() override {
        // A request of our own, asked for after all those of which the log is to tell, marks the end.
        const std::string mark = fmt::format("audit-mark-{}-{}", ::getpid(), ++marks_);
        try {
            api_.send("DELETE", "/api/v1/namespaces/default/configmaps/" + mark);
        } catch (const api_error& e) {
            if (e.code() != errc::not_found)
                throw;
        }
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!audit_.read_until(mark)) {
            if (std::chrono::steady_clock::now() > deadline)
                throw api_error(errc::config,
                                "GWCTL_TEST_AUDIT_LOG does not tell of the delete of ConfigMap " + mark);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return audit_.lines();
    }

private:
    cluster_config admin_;
    cluster_config controller_;
    blocking_client api_;
    audit_log audit_;
    unsigned marks_ = 0;
};

} // namespace

std::unique_ptr<server_under_test> make_server() {
    const char* kubeconfig = std::getenv("GWCTL_TEST_KUBECONFIG");
    if (kubeconfig == nullptr || *kubeconfig == '\0')
        return std::make_unique<embedded_server>();
    return std::make_unique<kubernetes_server>(kubeconfig);
}

} // namespace gwctl::tests
