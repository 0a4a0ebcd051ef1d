/// Certificates made while a test runs.
#pragma once

#include "scripted_server.hpp"

namespace gwctl::test {

struct certificate_wish {
    std::string common_name = "server";
    std::string alternative_names = "IP:127.0.0.1"; ///< OpenSSL's spelling; empty: none
    int valid_from_days = -1;
    int valid_until_days = 1;
    bool authority = false; ///< may sign others
};

/// An authority that signs what is asked of it.
class authority {
public:
    explicit authority(const std::string& name = "test authority");
    /// One that `parent` signed.
    authority(const std::string& name, const authority& parent);
    ~authority();
    const std::string& pem() const noexcept;
    server_certificate sign(const certificate_wish& wish) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace gwctl::test
