#include "query.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace gwctl::detail {

query& query::add(std::string_view name, std::string_view value) {
    if (value.empty())
        return *this;
    target_ += separator_;
    target_ += boost::urls::encode(name, boost::urls::unreserved_chars);
    target_ += '=';
    target_ += boost::urls::encode(value, boost::urls::unreserved_chars);
    separator_ = '&';
    return *this;
}

} // namespace gwctl::detail
