#include <gwctl/ipam/pool.hpp>

#include <support/catch.hpp>

using namespace gwctl::ipam;

namespace {

using config_data = std::map<std::string, std::string>;

pool_config parse(const config_data& data, const pool_config& previous = {}) {
    return parse_pools("ConfigMap default/kubevip", data, previous);
}

std::string shown(const interval_set& set) {
    std::string out;
    for (const auto& [first, last] : set.ranges()) {
        out += (out.empty() ? "" : ", ") + to_string(address_range{first, last});
    }
    return out;
}

std::string lines(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& line : all) {
        out += (out.empty() ? "" : "\n") + line;
    }
    return out;
}

// "KEY=ADDRESSES; ..." of all pools.
std::string shown(const pool_config& config) {
    std::string out;
    for (const pool& p : config.pools) {
        out += (out.empty() ? "" : "; ") + p.key + "=" + shown(p.addresses);
    }
    return out;
}

struct example {
    std::string_view text;
    std::string_view expected;
};

} // namespace

TEST_CASE("pool: what an entry hands out") {
    const auto e = GENERATE(values<example>({
        {"192.168.1.10-192.168.1.20", "192.168.1.10-192.168.1.20"},
        {" 192.168.1.10 - 192.168.1.20 ", "192.168.1.10-192.168.1.20"},
        {"192.168.1.10-192.168.1.10", "192.168.1.10"},
        {"192.168.1.10", "192.168.1.10"},
        {"192.168.1.0", "192.168.1.0"},
        // ranges leave out .0 and .255, as the Go program did
        {"192.168.1.0-192.168.1.255", "192.168.1.1-192.168.1.254"},
        {"192.168.1.250-192.168.2.5", "192.168.1.250-192.168.1.254, 192.168.2.1-192.168.2.5"},
        {"10.0.0.255-10.0.1.1", "10.0.1.1"},
        // CIDRs leave out their ends, and only these
        {"192.168.1.0/24", "192.168.1.1-192.168.1.254"},
        {"192.168.0.0/23", "192.168.0.1-192.168.1.254"},
        {"192.168.1.8/30", "192.168.1.9-192.168.1.10"},
        {"192.168.1.8/31", "192.168.1.8-192.168.1.9"},
        {"192.168.1.8/32", "192.168.1.8"},
        {"10.0.0.0/8", "10.0.0.1-10.255.255.254"},
        {"2001:db8::/64", "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"},
        {"2001:db8::/126", "2001:db8::1-2001:db8::3"},
        {"2001:db8::/127", "2001:db8::-2001:db8::1"},
        {"2001:db8::/128", "2001:db8::"},
        {"2001:db8::-2001:db8::ff", "2001:db8::-2001:db8::ff"},
        // all forms in one key
        {"10.0.0.1, 10.0.0.4/31,\n2001:db8::5 ,10.0.0.8-10.0.0.9",
         "10.0.0.1, 10.0.0.4-10.0.0.5, 10.0.0.8-10.0.0.9, 2001:db8::5"},
    }));
    const auto key = GENERATE("range-global", "cidr-global");
    const pool_config config = parse({{key, std::string(e.text)}});
    INFO(e.text);
    CHECK(lines(config.errors) == "");
    CHECK(lines(config.warnings) == "");
    REQUIRE(config.pools.size() == 1);
    CHECK(shown(config.pools[0].addresses) == e.expected);
    CHECK(config.pools[0].key == key);
    CHECK(config.pools[0].namespace_ == "");
}

TEST_CASE("pool: errors name key, entry, expectation") {
    const auto e = GENERATE(values<example>({
        {"10-abc", "\"10-abc\" (entry 1): expected FIRST-LAST, for example 192.168.1.10-192.168.1.20; \"10\" "
                   "is not an IP address"},
        {"192.168.1.10-20", "\"192.168.1.10-20\" (entry 1): expected FIRST-LAST, for example "
                            "192.168.1.10-192.168.1.20; \"20\" is not an IP address"},
        {"10.0.0.1-10.0.0.2-10.0.0.3", "\"10.0.0.1-10.0.0.2-10.0.0.3\" (entry 1): expected FIRST-LAST, for "
                                       "example 192.168.1.10-192.168.1.20; "
                                       "\"10.0.0.2-10.0.0.3\" is not an IP address"},
        {"10.0.0.1-2001:db8::1",
         "\"10.0.0.1-2001:db8::1\" (entry 1): a range cannot begin in one IP family and end in the other"},
        {"10.0.0.1,nonsense",
         "\"nonsense\" (entry 2): expected FIRST-LAST, a CIDR or one address; \"nonsense\" is not "
         "an IP address"},
        {"10.0.0.1,,10.0.0.3", "\"\" (entry 2): expected an address, a range or a CIDR; remove the comma"},
        {"10.0.0.1,", "\"\" (entry 2): expected an address, a range or a CIDR; remove the comma"},
        {"10.0.0/24",
         "\"10.0.0/24\" (entry 1): expected ADDRESS/LENGTH, for example 192.168.1.0/24; \"10.0.0\" is not "
         "an IP address"},
        {"10.0.0.0/33",
         "\"10.0.0.0/33\" (entry 1): \"33\" is not a prefix length; expected a number from 0 to 32"},
        {"10.0.0.0/", "\"10.0.0.0/\" (entry 1): \"\" is not a prefix length; expected a number from 0 to 32"},
        {"10.0.0.0/024",
         "\"10.0.0.0/024\" (entry 1): \"024\" is not a prefix length; expected a number from 0 to 32"},
        {"10.0.0.0/+8",
         "\"10.0.0.0/+8\" (entry 1): \"+8\" is not a prefix length; expected a number from 0 to 32"},
        {"2001:db8::/129",
         "\"2001:db8::/129\" (entry 1): \"129\" is not a prefix length; expected a number from 0 to 128"},
        {"0.0.0.0/32",
         "\"0.0.0.0/32\" (entry 1): addresses from DHCP (0.0.0.0/32) are not supported; name the "
         "addresses to hand out, for example 192.168.1.10-192.168.1.20"},
        {"0.0.0.0/0",
         "\"0.0.0.0/0\" (entry 1): too large; a pool entry may cover at most a /8 of IPv4 addresses"},
        {"::/0", "\"::/0\" (entry 1): too large; a pool entry may cover at most a /16 of IPv6 addresses"},
        {"10.0.0.0/7",
         "\"10.0.0.0/7\" (entry 1): too large; a pool entry may cover at most a /8 of IPv4 addresses"},
        {"10.0.0.0-11.0.0.0",
         "\"10.0.0.0-11.0.0.0\" (entry 1): too large; a pool entry may cover at most a /8 of IPv4 addresses"},
        {"127.0.0.1",
         "\"127.0.0.1\" (entry 1): contains addresses of 127.0.0.0/8 (loopback), which a load balancer "
         "cannot announce"},
        {"223.255.255.1-224.0.0.9",
         "\"223.255.255.1-224.0.0.9\" (entry 1): contains addresses of 224.0.0.0/4 "
         "(multicast), which a load balancer cannot announce"},
        {"fe80::/64",
         "\"fe80::/64\" (entry 1): contains addresses of fe80::/10 (link-local), which a load balancer "
         "cannot announce"},
        {"fe80::1%eth0-fe80::2",
         "\"fe80::1%eth0-fe80::2\" (entry 1): expected FIRST-LAST, for example "
         "192.168.1.10-192.168.1.20; \"fe80::1%eth0\" is not an IP address: zones such as "
         "\"%eth0\" are not supported"},
        {"192.168.1.255-192.168.2.0", "no address is left, because ranges leave out .0 and .255"},
        {"10.0.0.0/8,11.0.0.0/8", "has 33554432 IPv4 addresses; expected at most 16777216"},
        {" \n", "is empty; expected addresses, for example 192.168.1.10-192.168.1.20, or no such key"},
    }));
    const pool_config config = parse({{"range-global", std::string(e.text)}, {"cidr-a", "10.1.0.0/30"}});
    CHECK(lines(config.errors) == "range-global: " + std::string(e.expected));
    CHECK(shown(config) == "cidr-a=10.1.0.1-10.1.0.2"); // the other key is not affected
}

TEST_CASE("pool: every mistake of a key is reported") {
    const pool_config config = parse({{"range-a", "x,10.0.0.1,y"}});
    CHECK(lines(config.errors) ==
          "range-a: \"x\" (entry 1): expected FIRST-LAST, a CIDR or one address; \"x\" is not an IP address\n"
          "range-a: \"y\" (entry 3): expected FIRST-LAST, a CIDR or one address; \"y\" is not an IP address");
}

TEST_CASE("pool: what works but may not be meant is a warning") {
    const auto check = [](const config_data& data, std::string_view warnings, std::string_view pools) {
        const pool_config config = parse(data);
        CHECK(lines(config.errors) == "");
        CHECK(lines(config.warnings) == warnings);
        CHECK(shown(config) == pools);
    };
    check({{"range-global", "10.0.0.9-10.0.0.5"}},
          "range-global: \"10.0.0.9-10.0.0.5\" (entry 1) runs backwards; read as 10.0.0.5-10.0.0.9",
          "range-global=10.0.0.5-10.0.0.9");
    check({{"cidr-global", "10.0.0.9/24"}},
          "cidr-global: \"10.0.0.9/24\" (entry 1) has bits set beyond the prefix; read as 10.0.0.0/24",
          "cidr-global=10.0.0.1-10.0.0.254");
    check({{"range-global", "10.0.0.1-10.0.0.5,10.0.0.4-10.0.0.9"}},
          "range-global: \"10.0.0.4-10.0.0.9\" (entry 2) overlaps the entries before it; it adds what they "
          "lack",
          "range-global=10.0.0.1-10.0.0.9");
    check({{"range-a", "10.0.0.1-10.0.0.5"}, {"range-global", "10.0.0.4-10.0.0.9"}},
          "range-a and range-global both contain 10.0.0.4-10.0.0.5; each address goes to whoever asks first",
          "range-a=10.0.0.1-10.0.0.5; range-global=10.0.0.4-10.0.0.9");
    check({{"cidr-a", "10.0.0.0/30"}, {"range-a", "10.0.0.1-10.0.0.9"}}, "",
          "cidr-a=10.0.0.1-10.0.0.2; range-a=10.0.0.1-10.0.0.9"); // one owner
    check({{"rang-global", "10.0.0.1"}},
          "rang-global: unknown key, ignored; expected range-NAMESPACE, cidr-NAMESPACE, exclude-NAMESPACE, "
          "limit-NAMESPACE (or -global), search-order or skip-end-ips-in-cidr",
          "");
    check({{"allow-share-global", "true"}},
          "allow-share-global: is a setting for kube-vip's cloud provider and has no effect here", "");
}

TEST_CASE("pool: keys belong to namespaces") {
    const pool_config config = parse({{"range-team-a", "10.0.0.1"}, {"cidr-range-b", "10.0.1.0/30"}});
    REQUIRE(config.pools.size() == 2);
    CHECK(config.pools[0].namespace_ == "range-b");
    CHECK(config.pools[1].namespace_ == "team-a");
    CHECK(lines(parse({{"range-", "10.0.0.1"}}).errors) ==
          "range-: \"\" is no namespace; expected range-NAMESPACE or range-global");
    CHECK(lines(parse({{"range-Global", "10.0.0.1"}}).errors) ==
          "range-Global: \"Global\" is no namespace; expected range-NAMESPACE or range-global");
}

TEST_CASE("pool: options") {
    CHECK(parse({}).order == search_order::ascending);
    CHECK(parse({{"search-order", "desc"}}).order == search_order::descending);
    CHECK(lines(parse({{"search-order", "down"}}).errors) ==
          "search-order: expected asc or desc, got \"down\" (the default is used)");
    CHECK(shown(parse({{"cidr-a", "10.0.0.0/30,2001:db8::/126"}, {"skip-end-ips-in-cidr", "false"}})) ==
          "cidr-a=10.0.0.0-10.0.0.3, 2001:db8::-2001:db8::3");
    CHECK(shown(parse({{"cidr-a", "10.0.0.0/30"}, {"skip-end-ips-in-cidr", "true"}})) ==
          "cidr-a=10.0.0.1-10.0.0.2");
    CHECK(lines(parse({{"skip-end-ips-in-cidr", "yes"}}).errors) ==
          "skip-end-ips-in-cidr: expected true or false, got \"yes\" (the default is used)");
}

TEST_CASE("pool: exclusions") {
    const config_data pools{{"range-a", "10.0.0.1-10.0.0.9"}, {"range-global", "10.0.1.1-10.0.1.9"}};
    const auto with = [&](config_data more) {
        more.insert(pools.begin(), pools.end());
        return parse(more);
    };
    CHECK(shown(with({{"exclude-a", "10.0.0.2,10.0.0.8/31,10.0.1.5"}})) ==
          "range-a=10.0.0.1, 10.0.0.3-10.0.0.7; range-global=10.0.1.1-10.0.1.9");
    CHECK(shown(with({{"exclude-global", "10.0.0.0/29,10.0.1.1-10.0.1.5"}})) ==
          "range-a=10.0.0.8-10.0.0.9; range-global=10.0.1.6-10.0.1.9");

    const pool_config nothing_left = with({{"exclude-a", "10.0.0.0/24"}});
    CHECK(shown(nothing_left) == "range-global=10.0.1.1-10.0.1.9");
    CHECK(lines(nothing_left.warnings) == "range-a: all its addresses are excluded; it hands out nothing");

    const pool_config broken = with({{"exclude-a", "10.0.0.2,oops"}});
    CHECK(shown(broken) == "range-global=10.0.1.1-10.0.1.9");
    CHECK(lines(broken.errors) == "exclude-a: \"oops\" (entry 2): expected FIRST-LAST, a CIDR or one "
                                  "address; \"oops\" is not an IP address "
                                  "(until it is mended, the pools of namespace a hand out nothing)");
    CHECK(shown(with({{"exclude-global", "oops"}})) == "");
}

TEST_CASE("pool: a slip in an edit leaves the value before in force") {
    const pool_config first = parse({{"range-a", "10.0.0.1-10.0.0.9"},
                                     {"range-b", "10.1.0.1"},
                                     {"exclude-a", "10.0.0.5"},
                                     {"search-order", "desc"}});
    REQUIRE(lines(first.errors) == "");
    const pool_config second = parse(
        {{"range-a", "10.0.0.1-"}, {"range-b", "10.1.0.2"}, {"exclude-a", "oops"}, {"search-order", "?"}},
        first);
    CHECK(shown(second) == "range-a=10.0.0.1-10.0.0.4, 10.0.0.6-10.0.0.9; range-b=10.1.0.2");
    CHECK(second.order == search_order::descending);
    REQUIRE(second.errors.size() == 3);
    for (const std::string& error : second.errors) {
        CHECK(error.ends_with("(the value before stays in use)"));
    }
    // It lasts through further edits, and ends when the key goes.
    CHECK(shown(parse({{"range-a", "10.0.0.1-"}}, second)) == "range-a=10.0.0.1-10.0.0.9");
    CHECK(shown(parse({{"range-b", "10.1.0.2"}}, second)) == "range-b=10.1.0.2");
}

TEST_CASE("pool: limits by namespace, and one for those that have none of their own") {
    const pool_config config = parse({{"range-global", "10.0.0.1-10.0.0.9"},
                                      {"limit-team-a", " 4 "},
                                      {"limit-none", "0"},
                                      {"limit-global", "2"}});
    CHECK(lines(config.errors) == "");
    CHECK(lines(config.warnings) == "");
    CHECK(config.limits ==
          std::map<std::string, std::uint64_t, std::less<>>{{"", 2}, {"none", 0}, {"team-a", 4}});
    CHECK(parse({{"range-global", "10.0.0.1"}}).limits.empty());
}

TEST_CASE("pool: a broken limit names its key, what was expected and what to do, and spoils nothing else") {
    for (const std::string bad : {"", "many", "-1", "4.5", "1O", "0x10", "4 5", "99999999999999999999"}) {
        INFO(bad);
        const pool_config config =
            parse({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", bad}, {"limit-global", "3"}});
        CHECK(
            lines(config.errors) ==
            "limit-a: expected how many addresses one namespace may have, a whole number such as 4, got \"" +
                bad +
                "\"; correct or remove it in ConfigMap default/kubevip (until it is mended, limit-global "
                "holds "
                "for this namespace, if there is one)");
        CHECK(shown(config) == "range-global=10.0.0.1-10.0.0.9");
        CHECK(config.limits == std::map<std::string, std::uint64_t, std::less<>>{{"", 3}});
    }
    CHECK(lines(parse({{"limit-global", "x"}}).errors) ==
          "limit-global: expected how many addresses one namespace may have, a whole number such as 4, got "
          "\"x\"; "
          "correct or remove it in ConfigMap default/kubevip (until it is mended, there is no such limit)");
    CHECK(lines(parse({{"limit-No_Such", "1"}}).errors) ==
          "limit-No_Such: \"No_Such\" is no namespace; expected limit-NAMESPACE or limit-global");
    const pool_config before = parse({{"limit-a", "4"}});
    const pool_config after = parse({{"limit-a", "four"}}, before);
    CHECK(after.limits.at("a") == 4);
    CHECK(lines(after.errors).ends_with("(the value before stays in use)"));
    CHECK(parse({}, after).limits.empty());
}
