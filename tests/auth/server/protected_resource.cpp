#include "auth/server/protected_resource.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::string_view well_known = "/.well-known/oauth-protected-resource";
constexpr int bad_session = -32000;
constexpr int no_session = -32001;

std::string bare_path(const std::string& url) {
  const auto parsed = core::Url::parse(url);
  auto path = parsed ? parsed->path() : std::string();
  while (path.ends_with('/')) path.pop_back();
  return path;
}

/// "Bearer abc" is {"bearer", "abc"}.
std::pair<std::string, std::string> credentials(const std::string& authorization) {
  const auto blank = authorization.find(' ');
  if (blank == std::string::npos) return {};
  auto scheme = authorization.substr(0, blank);
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return {std::move(scheme), authorization.substr(authorization.find_first_not_of(' ', blank))};
}

auth::Reply message(std::string body, int status = 200, auth::Headers headers = {}) {
  headers.emplace_back("Content-Type", "application/json");
  return answer(status, std::move(body), std::move(headers));
}

constexpr std::string_view tools =
    R"({"tools":[)"
    R"({"name":"echo","description":"Says it back.","annotations":{"readOnlyHint":true},)"
    R"("inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}},)"
    R"({"name":"count","description":"Counts its calls.","inputSchema":{"type":"object"}}]})";

}  // namespace

ProtectedResource::ProtectedResource(
    core::Random& random, AuthorizationServer& authority, ResourceOptions options
)
    : random_(random), authorities_{&authority}, options_(std::move(options)) {}

Endpoint ProtectedResource::endpoint_of(const core::Url& address) const {
  const auto path = address.path();
  const auto own = bare_path(options_.url);
  if (path == own || (own.empty() && path == "/")) return Endpoint::mcp;
  if (path == well_known || path == std::string(well_known) + own)
    return Endpoint::resource_metadata;
  return Endpoint::other;
}

auth::Reply ProtectedResource::handle(const auth::Request& request, auth::SystemTime now) {
  Seen seen;
  seen.endpoint = endpoint_of(request.url);
  seen.method = request.method;
  seen.session = header(request, "Mcp-Session-Id");
  seen.authorization = header(request, "Authorization");
  seen.token = credentials(seen.authorization).second;
  seen.at = now;
  if (seen.endpoint == Endpoint::mcp && request.method == "POST") {
    if (const auto frame = protocol::Frame::parse(request.body)) seen.rpc = frame->method();
  }
  auth::Reply reply;
  if (auto fault = faults_.failure(seen.endpoint)) {
    reply = std::move(*fault);
  } else {
    reply = respond(request, seen, now);
  }
  seen.status = reply.status;
  seen_.push_back(seen);
  return faults_.loses(seen.endpoint) ? no_answer() : reply;
}

auth::Reply ProtectedResource::respond(
    const auth::Request& request, Seen& seen, auth::SystemTime now
) {
  if (seen.endpoint == Endpoint::resource_metadata) {
    const bool at_root = request.url.path() == well_known;
    const bool same_place = bare_path(options_.url).empty();
    const bool there = (at_root && options_.metadata_at_root) ||
                       ((!at_root || same_place) && options_.metadata_at_path);
    if (!there) return answer(404);
    return request.method == "GET" ? metadata() : answer(405);
  }
  if (seen.endpoint != Endpoint::mcp) return answer(404);
  const bool open = options_.open_methods.contains(seen.rpc.empty() ? seen.method : seen.rpc);
  if (!open) {
    if (auto refused = keep_out(request, seen, now)) return std::move(*refused);
  }
  return mcp(request, seen);
}

std::string ProtectedResource::metadata_url() const {
  const auto parsed = core::Url::parse(options_.url);
  if (!parsed) return {};
  const auto path = options_.metadata_at_path ? bare_path(options_.url) : std::string();
  return parsed->origin() + std::string(well_known) + path;
}

auth::Reply ProtectedResource::metadata() const {
  auto issuers = options_.issuers;
  if (issuers.empty()) {
    for (const auto* each : authorities_) issuers.push_back(each->issuer());
  }
  json::object body = {
      {"resource", resource()},
      {"authorization_servers", texts(issuers)},
      {"bearer_methods_supported", json::array{"header"}},
  };
  if (!options_.scopes_supported.empty())
    body["scopes_supported"] = texts(options_.scopes_supported);
  if (options_.dpop == Dpop::required) body["dpop_bound_access_tokens_required"] = true;
  return json_answer(200, body);
}

auth::Reply ProtectedResource::challenge(std::string_view error) const {
  auth::Headers headers;
  const bool by_key =
      options_.dpop == Dpop::required || error == "use_dpop_nonce" || error == "invalid_dpop_proof";
  if (options_.challenge) {
    if (!options_.challenge->empty()) headers.emplace_back("WWW-Authenticate", *options_.challenge);
  } else {
    std::vector<std::string> parameters;
    if (!error.empty()) parameters.push_back(fmt::format(R"(error="{}")", error));
    if (options_.challenge_has_metadata)
      parameters.push_back(fmt::format(R"(resource_metadata="{}")", metadata_url()));
    if (!options_.challenge_scopes.empty()) {
      parameters.push_back(
          fmt::format(R"(scope="{}")", auth::join_scopes(options_.challenge_scopes))
      );
    }
    if (by_key) parameters.emplace_back(R"(algs="ES256 EdDSA RS256")");
    headers.emplace_back(
        "WWW-Authenticate", fmt::format(
                                "{}{}{}", by_key ? "DPoP" : "Bearer", parameters.empty() ? "" : " ",
                                fmt::join(parameters, ", ")
                            )
    );
  }
  if (by_key && !proofs_.nonce().empty()) headers.emplace_back("DPoP-Nonce", proofs_.nonce());
  return answer(401, {}, std::move(headers));
}

auth::Reply ProtectedResource::too_little(const Scopes& needed) const {
  auto value =
      fmt::format(R"(Bearer error="insufficient_scope", scope="{}")", auth::join_scopes(needed));
  if (options_.challenge_has_metadata)
    value += fmt::format(R"(, resource_metadata="{}")", metadata_url());
  return answer(403, {}, {{"WWW-Authenticate", std::move(value)}});
}

AuthorizationServer* ProtectedResource::authority_of(std::string_view token, auth::SystemTime now)
    const {
  for (auto* each : authorities_) {
    if (each->accepts(token, resource(), now)) return each;
  }
  return nullptr;
}

std::optional<auth::Reply> ProtectedResource::keep_out(
    const auth::Request& request, const Seen& seen, auth::SystemTime now
) {
  if (options_.dpop_nonce && proofs_.nonce().empty()) renew_nonce();
  if (!options_.dpop_nonce) proofs_.set_nonce({});
  const auto [scheme, token] = credentials(seen.authorization);
  if (scheme.empty()) return challenge({});
  const auto* authority = authority_of(token, now);
  if (authority == nullptr) return challenge("invalid_token");
  const auto bound_to = authority->thumbprint_of(token);
  const bool by_key =
      options_.dpop == Dpop::required || (options_.dpop == Dpop::allowed && !bound_to.empty());
  if (scheme != (by_key ? "dpop" : "bearer")) return challenge("invalid_token");
  if (by_key) {
    const auto proven = proofs_.check(request, token, now);
    if (!proven) return challenge(proven.error());
    if (*proven != bound_to) return challenge("invalid_token");
  }
  if (refusals_ > 0) {
    --refusals_;
    return challenge("invalid_token");
  }
  return std::nullopt;
}

auth::Reply ProtectedResource::mcp(const auth::Request& request, Seen& seen) {
  const bool known = sessions_.contains(seen.session);
  if (known) {
    auto& tokens = tokens_[seen.session];
    if (std::ranges::find(tokens, seen.token) == tokens.end()) tokens.push_back(seen.token);
  }
  if (request.method == "GET") return answer(405, {}, {{"Allow", "POST, DELETE"}});
  if (request.method == "DELETE") {
    if (!known) return answer(404);
    sessions_.erase(seen.session);
    return answer(200);
  }
  if (request.method != "POST") return answer(405, {}, {{"Allow", "POST, DELETE"}});
  const auto frame = protocol::Frame::parse(request.body);
  if (!frame) return message(protocol::make_error("null", frame.error().code, "Bad message"), 400);
  const auto& method = frame->method();
  if (method == "initialize" && !covers(seen.token, options_.session_scopes))
    return too_little(options_.session_scopes);
  if (method == "initialize") return initialize(frame->id(), frame->params(), seen);
  if (options_.session_ids && !known) {
    if (!seen.session.empty()) {
      return message(protocol::make_error(frame->id(), no_session, "Session not found"), 404);
    }
    return message(protocol::make_error(frame->id(), bad_session, "Bad Request: no session"), 400);
  }
  if (!frame->is_request()) return answer(202);
  if (method == "ping") return message(protocol::make_result(frame->id(), "{}"));
  if (method == "tools/list") return message(protocol::make_result(frame->id(), tools));
  if (method == "tools/call") return call(frame->id(), frame->params(), seen);
  return message(protocol::make_error(frame->id(), protocol::method_not_found, "Method not found"));
}

bool ProtectedResource::covers(const std::string& token, const Scopes& needed) const {
  Scopes owned;
  for (const auto* each : authorities_) owned = auth::united(owned, each->scopes_of(token));
  return std::ranges::all_of(needed, [&](const auto& scope) {
    return std::ranges::find(owned, scope) != owned.end();
  });
}

auth::Reply ProtectedResource::initialize(
    std::string_view id, std::string_view params, const Seen& seen
) {
  ++initializes_;
  auto version = text(parse_object(params), "protocolVersion");
  constexpr std::string_view spoken[] = {"2025-03-26", "2025-06-18", "2025-11-25"};
  if (std::ranges::find(spoken, version) == std::end(spoken)) version = "2025-11-25";
  auth::Headers headers;
  if (options_.session_ids) {
    last_session_ = "session-" + random_.token(12);
    sessions_.insert(last_session_);
    tokens_[last_session_] = {seen.token};
    headers.emplace_back("Mcp-Session-Id", last_session_);
  }
  const auto result = fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{{"tools":{{}}}},)"
      R"("serverInfo":{{"name":"protected","version":"1"}}}})",
      version
  );
  return message(protocol::make_result(id, result), 200, std::move(headers));
}

auth::Reply ProtectedResource::call(std::string_view id, std::string_view raw, const Seen& seen) {
  const auto params = parse_object(raw);
  const auto tool = text(params, "name");
  if (tool != "echo" && tool != "count")
    return message(protocol::make_error(id, protocol::invalid_params, "Unknown tool: " + tool));
  const auto needed = options_.tool_scopes.find(tool);
  if (needed != options_.tool_scopes.end() && !covers(seen.token, needed->second))
    return too_little(needed->second);
  json::object arguments;
  if (const auto* given = params.if_contains("arguments"); given != nullptr && given->is_object())
    arguments = given->get_object();
  executions_.push_back({tool, json::serialize(arguments), seen.session, seen.token});
  const auto said = tool == "echo" ? text(arguments, "text") : std::to_string(executed("count"));
  const json::object result = {
      {"content", json::array{json::object{{"type", "text"}, {"text", said}}}}
  };
  return message(protocol::make_result(id, json::serialize(result)));
}

void ProtectedResource::fail_next(
    Endpoint endpoint, int times, int status, std::string body, auth::Headers headers
) {
  fail_next(endpoint, times, Fault{status, std::move(body), std::move(headers)});
}

void ProtectedResource::fail_next(Endpoint endpoint, int times, Fault fault) {
  faults_.fail_next(endpoint, times, std::move(fault));
}

void ProtectedResource::lose_next(Endpoint endpoint, int times) {
  faults_.lose_next(endpoint, times);
}

void ProtectedResource::renew_nonce() { proofs_.set_nonce("nonce-" + random_.token(9)); }

int ProtectedResource::requests(Endpoint endpoint) const {
  return static_cast<int>(std::ranges::count(seen_, endpoint, &Seen::endpoint));
}

int ProtectedResource::requests(std::string_view method) const {
  return static_cast<int>(std::ranges::count_if(seen_, [&](const Seen& each) {
    return each.endpoint == Endpoint::mcp && (each.rpc == method || each.method == method);
  }));
}

int ProtectedResource::answered(int status) const {
  return static_cast<int>(std::ranges::count_if(seen_, [&](const Seen& each) {
    return each.endpoint == Endpoint::mcp && each.status == status;
  }));
}

int ProtectedResource::executed(std::string_view tool) const {
  return static_cast<int>(std::ranges::count(executions_, tool, &Execution::tool));
}

std::vector<std::string> ProtectedResource::tokens_of(std::string_view session) const {
  const auto found = tokens_.find(session);
  return found == tokens_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace mooring::test_auth
