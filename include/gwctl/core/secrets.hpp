/// Keeping what is secret out of messages.
#pragma once

#include <string>
#include <string_view>

namespace gwctl {

/// The text with "***" in the place of what is secret, or looks like it: values given to `keep_secret`; user and
/// password of a URL; what follows `Bearer` and `Authorization:`; JSON Web Tokens; values of `token=`,
/// `password=` and the like, and of such members of JSON. Rather too much is hidden than too little.
///
/// Log lines, answers to probes, and what messages quote of a server's answer go through this by themselves.
/// Thread safe.
std::string without_secrets(std::string_view text);

/// A URL for a message: without user, password, query and fragment, whether or not it is a valid one. Text that is
/// no URL but has an "@" loses what stands before that.
std::string shown_url(std::string_view url);

/// `without_secrets` hides this value from now on, wherever it stands. Bearer tokens are kept by the client that
/// sends them. Of values shorter than 8 characters nothing is kept, since they could be words of any text; of
/// others the last 32. Thread safe.
void keep_secret(std::string_view value);

} // namespace gwctl
