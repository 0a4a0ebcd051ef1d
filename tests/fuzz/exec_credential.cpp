// What exec plugins write. An input is a plugin's output.
#include "client/exec_credential.hpp"

#include "fuzz.hpp"

using namespace gwctl;
using namespace gwctl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string output(text_of(data, size));
    int read = 0;
    for (const char* version : {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}) {
        const auto credential = detail::parse_exec_credential(output, version);
        if (credential.has_error()) {
            const auto& e = credential.error();
            require(e.code == errc::config, "what cannot be read is errc::config", e.message);
            require(e.message.find("SECRET") == std::string::npos, "an error quotes nothing of the output",
                    e.message);
            continue;
        }
        ++read;
        require(!credential->token.empty() || !credential->certificate.empty(),
                "a credential has a token or a certificate");
        require(credential->certificate.empty() == credential->key.empty(),
                "a certificate comes with its key");
    }
    require(read < 2, "an output is of one version");
    return 0;
}
