#include "auth/registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "auth/token_endpoint.hpp"
#include "core/redact.hpp"

namespace mooring::auth {

namespace json = boost::json;

namespace {

bool takes(const ServerMetadata& server, ClientAuth method) {
  // RFC 8414 §2: client_secret_basic where nothing is said.
  if (!server.token_endpoint_auth_methods) return method == ClientAuth::basic;
  const auto& all = *server.token_endpoint_auth_methods;
  return std::ranges::find(all, to_string(method)) != all.end();
}

ClientAuth method_with_secret(const ServerMetadata& server) {
  if (takes(server, ClientAuth::basic)) return ClientAuth::basic;
  return takes(server, ClientAuth::post) ? ClientAuth::post : ClientAuth::basic;
}

/// What to ask for: a program on a person's machine keeps no secret, if the server allows that.
ClientAuth wanted_method(const ServerMetadata& server) {
  if (!server.token_endpoint_auth_methods || takes(server, ClientAuth::none))
    return ClientAuth::none;
  return method_with_secret(server);
}

std::string text(const json::object& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

Result<Registration> read(
    const Reply& reply, const ServerMetadata& server, const std::string& redirect_uri
) {
  boost::system::error_code error;
  auto parsed = json::parse(reply.body, error);
  const auto* body = error ? nullptr : parsed.if_object();
  if (!reply.ok() || body == nullptr || text(*body, "client_id").empty()) {
    auto why = body == nullptr ? std::string() : text(*body, "error");
    if (body != nullptr) {
      if (const auto more = text(*body, "error_description"); !more.empty()) why += ": " + more;
    }
    if (why.empty()) why = reply.status == 0 ? reply.error : fmt::format("HTTP {}", reply.status);
    const bool trouble = reply.status == 0 || reply.status == 429 || reply.status >= 500;
    return fail(
        trouble ? Reason::unavailable : Reason::config,
        fmt::format(
            "{} did not register us as a client ({})", server.issuer,
            core::redact(why.substr(0, 200))
        )
    );
  }
  Registration made;
  made.kind = Registration::Kind::dynamic;
  made.issuer = server.issuer;
  made.client_id = text(*body, "client_id");
  made.client_secret = text(*body, "client_secret");
  made.redirect_uri = redirect_uri;
  core::register_secret(made.client_secret);
  const auto told = parse_client_auth(text(*body, "token_endpoint_auth_method"));
  made.method = made.client_secret.empty() ? ClientAuth::none : method_with_secret(server);
  if (told && (*told == ClientAuth::none || !made.client_secret.empty())) made.method = *told;
  const auto* ends = body->if_contains("client_secret_expires_at");
  if (ends != nullptr && ends->is_number()) {
    const auto seconds = ends->to_number<std::int64_t>(error);
    if (!error && seconds > 0) made.secret_ends = SystemTime(std::chrono::seconds(seconds));
  }
  return made;
}

}  // namespace

std::optional<Registration> known_client(
    const OAuthConfig& config, const ServerMetadata& server,
    const std::optional<Registration>& kept, const std::string& redirect_uri, SystemTime now
) {
  Registration client;
  client.issuer = server.issuer;
  if (!config.client_id.empty()) {
    client.client_id = config.client_id;
    client.client_secret = config.client_secret;
    if (!config.private_key.empty()) {
      client.method = ClientAuth::private_key_jwt;
    } else if (!config.client_secret.empty()) {
      client.method = method_with_secret(server);
    }
    return client;
  }
  if (!config.client_metadata_url.empty() && server.client_id_metadata_document_supported) {
    client.kind = Registration::Kind::metadata_document;
    client.client_id = config.client_metadata_url;
    if (!config.private_key.empty()) client.method = ClientAuth::private_key_jwt;
    return client;
  }
  const bool fits = kept && kept->kind == Registration::Kind::dynamic &&
                    kept->issuer == server.issuer &&
                    (!kept->secret_ends || *kept->secret_ends > now) &&
                    (redirect_uri.empty() || kept->redirect_uri == redirect_uri);
  if (fits) return kept;
  return std::nullopt;
}

Result<ClientRegistration> ClientRegistration::begin(
    const ServerMetadata& server, std::string redirect_uri, std::vector<std::string> scopes
) {
  if (server.registration_endpoint.empty()) {
    return fail(
        Reason::config,
        fmt::format(
            "{} registers no clients by itself: ask its operator for a client, and set "
            "auth.client_id",
            server.issuer
        )
    );
  }
  auto endpoint = core::Url::parse(server.registration_endpoint);
  if (!endpoint) return fail(Reason::protocol, "registration_endpoint: " + endpoint.error().detail);
  return ClientRegistration(server, *endpoint, std::move(redirect_uri), std::move(scopes));
}

ClientRegistration::ClientRegistration(
    const ServerMetadata& server, core::Url endpoint, std::string redirect_uri,
    std::vector<std::string> scopes
)
    : server_(server),
      endpoint_(std::move(endpoint)),
      redirect_uri_(std::move(redirect_uri)),
      scopes_(std::move(scopes)),
      result_(fail(Reason::unavailable, "not finished")) {}

std::optional<Request> ClientRegistration::next() {
  if (done_) return std::nullopt;
  json::array grants = {"refresh_token"};
  json::object body = {
      {"client_name", "Mooring"},
      {"application_type", "native"},
      {"token_endpoint_auth_method", std::string(to_string(wanted_method(server_)))},
  };
  if (!redirect_uri_.empty()) {
    body["redirect_uris"] = json::array{redirect_uri_};
    body["response_types"] = json::array{"code"};
    grants.insert(grants.begin(), "authorization_code");
  }
  if (!server_.device_authorization_endpoint.empty())
    grants.emplace_back("urn:ietf:params:oauth:grant-type:device_code");
  body["grant_types"] = std::move(grants);
  if (!scopes_.empty()) body["scope"] = join_scopes(scopes_);
  Request request;
  request.method = "POST";
  request.url = endpoint_;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = json::serialize(body);
  return request;
}

void ClientRegistration::take(const Reply& reply) {
  done_ = true;
  result_ = read(reply, server_, redirect_uri_);
}

}  // namespace mooring::auth
