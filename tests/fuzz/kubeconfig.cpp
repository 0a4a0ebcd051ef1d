// Kubeconfig files. An input is the text of one.
#include "client/kubeconfig.hpp"

#include "client/endpoint.hpp"
#include "fuzz.hpp"

using namespace gwctl;
using namespace gwctl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    for (const char* context : {"", "c"}) {
        const auto config = detail::parse_kubeconfig(text, "FILE", "no-such-directory", context);
        if (config.has_error()) {
            const auto& e = config.error();
            require(e.code == errc::config, "what is wrong with a kubeconfig is errc::config", e.message);
            require(e.message.starts_with("kubeconfig FILE"), "an error names the file", e.message);
            continue;
        }
        require(config->server.find("://") != std::string::npos, "a server has a scheme", config->server);
        const auto server = detail::endpoint_of(*config);
        require(server.has_value() || server.error().message.starts_with("server: "),
                "a server that is no URL is named as such");
        require(!config->context.empty() && !config->namespace_.empty(), "context and namespace have names");
        require(!config->exec || !config->exec->command.empty(), "an exec plugin has a command");
    }
    return 0;
}
