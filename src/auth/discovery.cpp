#include "auth/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/grant.hpp"

namespace mooring::auth {

namespace {

Request get(const core::Url& url) {
  Request request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  return request;
}

/// The peer is in trouble, or the way to it: what it would have said is not known.
std::optional<Error> trouble(const Reply& reply, const core::Url& at) {
  if (reply.status == 0)
    return Error{Reason::unavailable, fmt::format("{}: {}", at.origin(), reply.error), {}};
  if (reply.status == 429 || reply.status >= 500)
    return Error{Reason::unavailable, fmt::format("{}: HTTP {}", at.text(), reply.status), {}};
  return std::nullopt;
}

}  // namespace

Discovery::Discovery(core::Url server, Challenge challenge, FetchPolicy policy, std::string issuer)
    : server_(std::move(server)),
      challenge_(std::move(challenge)),
      policy_(policy),
      trusted_(std::move(issuer)),
      result_(fail(Reason::unavailable, "not finished")) {
  if (const auto named = challenge_["resource_metadata"]; !named.empty()) {
    const auto url = core::Url::parse(named);
    if (!url) {
      stop({Reason::protocol, "resource_metadata: " + url.error().detail, {}});
      return;
    }
    named_ = true;
    places_.push_back(*url);
  } else {
    const auto places = resource_metadata_places(server_);
    places_.assign(places.begin(), places.end());
  }
}

void Discovery::stop(Error error) {
  step_ = Step::done;
  result_ = std::unexpected(std::move(error));
}

std::optional<Request> Discovery::next() {
  if (step_ == Step::done) return std::nullopt;
  if (const auto allowed = policy_.check(places_.front()); !allowed) {
    stop(allowed.error());
    return std::nullopt;
  }
  return get(places_.front());
}

void Discovery::take(const Reply& reply) {
  if (step_ == Step::resource) return took_resource(reply);
  if (step_ == Step::server) took_server(reply);
}

void Discovery::took_resource(const Reply& reply) {
  const auto at = places_.front();
  places_.pop_front();
  if (reply.ok()) {
    const auto metadata = parse_resource_metadata(reply.body);
    if (metadata) return resource_found(*metadata);
    // A page of the web application answers every path of some servers.
    lie_ = Error{Reason::io, fmt::format("{}: {}", at.text(), metadata.error().detail), {}};
  } else if (auto failed = trouble(reply, at)) {
    return stop(std::move(*failed));
  }
  if (places_.empty()) resource_missing();
}

void Discovery::resource_found(const ResourceMetadata& metadata) {
  if (!covers(metadata.resource, server_)) {
    return stop(
        {Reason::protocol,
         fmt::format(
             "the resource metadata are about {}, not about {}", metadata.resource,
             canonical_resource(server_)
         ),
         {}}
    );
  }
  if (metadata.authorization_servers.empty()) {
    return stop({Reason::protocol, "the resource metadata name no authorization server", {}});
  }
  const auto& servers = metadata.authorization_servers;
  auto issuer = servers.front();
  if (!trusted_.empty()) {
    if (std::ranges::find(servers, trusted_) == servers.end()) {
      return stop(
          {Reason::protocol,
           fmt::format("the server now names {} and not auth.issuer {}", issuer, trusted_),
           {}}
      );
    }
    issuer = trusted_;
  }
  found_.resource = metadata.resource;
  found_.dpop = metadata.dpop_required || challenge_.is("DPoP");
  found_.scopes = split_scopes(challenge_["scope"]);
  if (found_.scopes.empty()) found_.scopes = metadata.scopes_supported;
  look_for_server(std::move(issuer));
}

/// A server of 2025-03-26 is its own authorization server, or fronts one at its origin.
void Discovery::resource_missing() {
  if (named_) {
    const Error error = {Reason::io, "the resource metadata it names cannot be read", {}};
    return stop(lie_.value_or(error));
  }
  found_.legacy = true;
  found_.resource = canonical_resource(server_);
  found_.dpop = challenge_.is("DPoP");
  found_.scopes = split_scopes(challenge_["scope"]);
  look_for_server(trusted_.empty() ? server_.origin() : trusted_);
}

void Discovery::look_for_server(std::string issuer) {
  lie_.reset();
  const auto url = core::Url::parse(issuer);
  if (!url) return stop({Reason::protocol, "its authorization server: " + url.error().detail, {}});
  const auto places = server_metadata_places(*url);
  places_.assign(places.begin(), places.end());
  issuer_ = std::move(issuer);
  step_ = Step::server;
}

void Discovery::took_server(const Reply& reply) {
  const auto at = places_.front();
  places_.pop_front();
  if (reply.ok()) {
    auto metadata = parse_server_metadata(reply.body);
    if (!metadata) {
      lie_ = Error{Reason::io, fmt::format("{}: {}", at.text(), metadata.error().detail), {}};
    } else if (!acceptable_issuer(*metadata)) {
      // RFC 8414 §3.3: such metadata must not be used.
      lie_ = Error{
          Reason::protocol,
          fmt::format("{} speaks for {} and not for {}", at.text(), metadata->issuer, issuer_),
          {}
      };
    } else {
      return server_found(std::move(*metadata));
    }
  } else if (auto failed = trouble(reply, at)) {
    trouble_ = std::move(failed);
  }
  if (places_.empty()) server_missing();
}

/// To the letter. Only where no resource metadata exist, that is up to 2025-03-26, servers are
/// found whose issuer is another path of the same origin.
bool Discovery::acceptable_issuer(const ServerMetadata& metadata) const {
  if (metadata.issuer == issuer_) return true;
  if (!found_.legacy || !trusted_.empty()) return false;
  const auto named = core::Url::parse(metadata.issuer);
  return named && named->same_origin(server_);
}

void Discovery::server_found(ServerMetadata metadata) {
  const bool endpoints = !metadata.token_endpoint.empty();
  if (!endpoints)
    return stop({Reason::protocol, fmt::format("{} names no token endpoint", metadata.issuer), {}});
  found_.server = std::move(metadata);
  result_ = found_;
  step_ = Step::done;
}

/// 2025-03-26, "Fallbacks for Servers without Metadata Discovery".
void Discovery::server_missing() {
  if (lie_) return stop(*lie_);
  if (trouble_) return stop(*trouble_);
  if (!found_.legacy || !trusted_.empty()) {
    return stop({Reason::io, fmt::format("no metadata of the authorization server {}", issuer_), {}}
    );
  }
  auto& server = found_.server;
  const auto origin = server_.origin();
  server.issuer = origin;
  server.authorization_endpoint = origin + "/authorize";
  server.token_endpoint = origin + "/token";
  server.registration_endpoint = origin + "/register";
  server.code_challenge_methods = {{"S256"}};
  found_.guessed = true;
  result_ = found_;
  step_ = Step::done;
}

}  // namespace mooring::auth
