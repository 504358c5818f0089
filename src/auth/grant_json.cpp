#include <algorithm>
#include <boost/json.hpp>

#include "auth/grant.hpp"

namespace mooring::auth {

namespace json = boost::json;

namespace {

std::int64_t seconds(SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string text(const json::object& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

std::optional<SystemTime> time(const json::object& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_int64();
  if (found == nullptr) return std::nullopt;
  // The clock counts nanoseconds: more seconds than fit would come out as a time long ago.
  constexpr auto most = std::chrono::floor<std::chrono::seconds>(SystemTime::duration::max());
  return SystemTime(std::chrono::seconds(std::clamp<std::int64_t>(*found, 0, most.count())));
}

json::object object(const Registration& registration) {
  json::object out = {
      {"kind", static_cast<int>(registration.kind)},
      {"issuer", registration.issuer},
      {"client_id", registration.client_id},
      {"client_secret", registration.client_secret},
      {"method", std::string(to_string(registration.method))},
      {"redirect_uri", registration.redirect_uri},
  };
  if (registration.secret_ends) out["secret_ends"] = seconds(*registration.secret_ends);
  return out;
}

std::unexpected<Error> unreadable() {
  return fail(Reason::config, "the stored credentials cannot be read; sign in again");
}

Result<Registration> registration_of(const json::object& from) {
  Registration registration;
  const auto* kind = from.if_contains("kind");
  const auto* number = kind == nullptr ? nullptr : kind->if_int64();
  if (number != nullptr && *number >= 0 && *number <= 2)
    registration.kind = static_cast<Registration::Kind>(*number);
  registration.issuer = text(from, "issuer");
  registration.client_id = text(from, "client_id");
  registration.client_secret = text(from, "client_secret");
  // Guessed, a client with a secret would present itself without.
  const auto method = parse_client_auth(text(from, "method"));
  if (!method) return unreadable();
  registration.method = *method;
  registration.redirect_uri = text(from, "redirect_uri");
  registration.secret_ends = time(from, "secret_ends");
  return registration;
}

Result<json::object> parse(std::string_view bytes) {
  boost::system::error_code error;
  auto parsed = json::parse(json::string_view(bytes.data(), bytes.size()), error);
  if (error || !parsed.is_object()) return unreadable();
  return std::move(parsed.get_object());
}

}  // namespace

std::string to_json(const Registration& registration) {
  return json::serialize(object(registration));
}

Result<Registration> registration_from_json(std::string_view bytes) {
  const auto from = parse(bytes);
  if (!from) return std::unexpected(from.error());
  return registration_of(*from);
}

std::string to_json(const Grant& grant) {
  json::object out = {
      {"issuer", grant.issuer},
      {"resource", grant.resource},
      {"principal", grant.principal},
      {"access_token", grant.access_token},
      {"refresh_token", grant.refresh_token},
      {"token_type", grant.token_type},
      {"scopes", join_scopes(grant.scopes)},
      {"requested", join_scopes(grant.requested)},
      {"issued", seconds(grant.issued)},
      {"client", object(grant.client)},
      {"dpop_key", grant.dpop_key},
  };
  if (grant.expires) out["expires"] = seconds(*grant.expires);
  return json::serialize(out);
}

Result<Grant> grant_from_json(std::string_view bytes) {
  const auto from = parse(bytes);
  if (!from) return std::unexpected(from.error());
  Grant grant;
  grant.issuer = text(*from, "issuer");
  grant.resource = text(*from, "resource");
  grant.principal = text(*from, "principal");
  grant.access_token = text(*from, "access_token");
  if (grant.access_token.empty()) return unreadable();
  grant.refresh_token = text(*from, "refresh_token");
  if (from->contains("token_type")) grant.token_type = text(*from, "token_type");
  grant.scopes = split_scopes(text(*from, "scopes"));
  grant.requested = split_scopes(text(*from, "requested"));
  grant.expires = time(*from, "expires");
  grant.issued = time(*from, "issued").value_or(SystemTime{});
  grant.dpop_key = text(*from, "dpop_key");
  if (const auto* client = from->if_contains("client"); client != nullptr && client->is_object()) {
    auto read = registration_of(client->get_object());
    if (!read) return std::unexpected(std::move(read.error()));
    grant.client = std::move(*read);
  }
  return grant;
}

}  // namespace mooring::auth
