/// One entry of the embedded API server's log of reads.
#pragma once

#include <string>

namespace gwctl::testing {

/// A read of one object or of a collection, whether it was answered or refused. Discovery is not recorded.
struct read_record {
    /// get, list, watch.
    std::string verb{};
    /// "/api/v1/namespaces/default/configmaps".
    std::string path{};
    /// As it was sent, without the "?": "labelSelector=app%3Dx&watch=true".
    std::string query{};
    /// The selectors in it, decoded; empty when there is none.
    std::string label_selector{};
    std::string field_selector{};
    /// PartialObjectMetadata was asked for, not whole objects.
    bool metadata_only = false;
    std::string user_agent{};

    friend bool operator==(const read_record&, const read_record&) = default;
};

} // namespace gwctl::testing
