/// apps/v1: Deployment, for controllers that run workloads.
#pragma once

#include <gwctl/api/resource.hpp>

namespace gwctl::apps_v1 {

struct ContainerPort {
    ContainerPort() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    std::string name;
    std::int32_t containerPort = 0;
    std::string protocol;
    friend bool operator==(const ContainerPort&, const ContainerPort&) = default;
};
BOOST_DESCRIBE_STRUCT(ContainerPort, (), (name, containerPort, protocol))

struct EnvVar {
    EnvVar() = default;
    std::string name;
    std::string value;
    friend bool operator==(const EnvVar&, const EnvVar&) = default;
};
BOOST_DESCRIBE_STRUCT(EnvVar, (), (name, value))

struct Container {
    Container() = default;
    std::string name;
    std::string image;
    std::vector<std::string> command;
    std::vector<std::string> args;
    std::vector<EnvVar> env;
    std::vector<ContainerPort> ports;
    friend bool operator==(const Container&, const Container&) = default;
};
BOOST_DESCRIBE_STRUCT(Container, (), (name, image, command, args, env, ports))

struct PodSpec {
    PodSpec() = default;
    std::vector<Container> containers;
    std::string serviceAccountName;
    std::map<std::string, std::string> nodeSelector;
    friend bool operator==(const PodSpec&, const PodSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(PodSpec, (), (containers, serviceAccountName, nodeSelector))

struct PodTemplateSpec {
    PodTemplateSpec() = default;
    ObjectMeta metadata;
    PodSpec spec;
    friend bool operator==(const PodTemplateSpec&, const PodTemplateSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(PodTemplateSpec, (), (metadata, spec))

struct DeploymentSpec {
    DeploymentSpec() = default;
    std::optional<std::int32_t> replicas; ///< absent means 1
    LabelSelector selector;
    PodTemplateSpec template_;
    friend bool operator==(const DeploymentSpec&, const DeploymentSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(DeploymentSpec, (), (replicas, selector, template_))

struct DeploymentStatus {
    DeploymentStatus() = default;
    std::optional<std::int64_t> observedGeneration;
    std::optional<std::int32_t> replicas;
    std::optional<std::int32_t> updatedReplicas;
    std::optional<std::int32_t> readyReplicas;
    std::optional<std::int32_t> availableReplicas;
    friend bool operator==(const DeploymentStatus&, const DeploymentStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(DeploymentStatus, (),
                      (observedGeneration, replicas, updatedReplicas, readyReplicas, availableReplicas))

struct Deployment {
    Deployment() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    static constexpr resource_type type{"apps", "v1", "Deployment", "deployments"};
    ObjectMeta metadata;
    DeploymentSpec spec;
    DeploymentStatus status;
    friend bool operator==(const Deployment&, const Deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(Deployment, (), (metadata, spec, status))

} // namespace gwctl::apps_v1
