#include "chaos/expiry_dialect.hpp"

#include <algorithm>
#include <array>

#include "protocol/json_scan.hpp"

namespace mooring::chaos {
namespace {

constexpr std::string_view json = "application/json";
constexpr std::string_view json_utf8 = "application/json;charset=UTF-8";
constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view sse = "text/event-stream";

/// One form for all three methods.
constexpr ExpiryDialect same(std::string_view name, std::string_view source, ExpiryForm form) {
  return {.name = name, .source = source, .post = form, .get = form, .del = form};
}

constexpr ExpiryForm ts_404{
    404, json,
    R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null})"
};
constexpr ExpiryForm ts_not_initialized{
    400, json,
    R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Server not initialized"},"id":null})"
};
constexpr ExpiryForm ts_invalid_or_missing{400, html, "Invalid or missing session ID"};
constexpr ExpiryForm wordpress_404{
    404, json,
    R"({"jsonrpc":"2.0","id":$ID,"error":{"code":-32005,"message":"Session not found: Invalid or expired session"}})"
};
constexpr ExpiryForm nginx_404{
    404, "text/html",
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
    "Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
};
constexpr ExpiryForm tomcat_404{
    404, "text/html;charset=utf-8",
    "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title></head>"
    "<body><h1>HTTP Status 404 – Not Found</h1></body></html>"
};
constexpr ExpiryForm ok_empty{200, "", ""};

constexpr std::array dialects{
    same("ts-404", "TypeScript SDK, v1 from 1.20 and v2", ts_404),
    same(
        "ts-404-bare", "TypeScript SDK 1.10–1.17: no Content-Type", ExpiryForm{404, "", ts_404.body}
    ),
    same(
        "ts-400-not-initialized", "TypeScript SDK, a fresh single transport after a restart",
        ts_not_initialized
    ),
    same(
        "ts-400-not-initialized-sse", "the same behind a proxy that frames errors as SSE",
        ExpiryForm{
            400, sse,
            "event: message\ndata: "
            "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"Bad Request: "
            "Server not initialized\"},\"id\":null}\n\n"
        }
    ),
    ExpiryDialect{
        .name = "ts-400-no-valid-session",
        .source = "TypeScript SDK examples, supergateway, MCPHub",
        .post =
            {400, json,
             R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null})"
            },
        .get = ts_invalid_or_missing,
        .del = ts_invalid_or_missing,
    },
    same(
        "python-404", "Python SDK from 1.26",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Session not found"}})"
        }
    ),
    same(
        "python-404-terminated", "Python SDK, a terminated transport; names the dead session again",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Not Found: Session has been terminated"}})",
            "mcp-session-id", "$SESSION"
        }
    ),
    same(
        "python-400-text", "Python SDK 1.8–1.25, FastMCP 2",
        ExpiryForm{400, plain, "Bad Request: No valid session ID provided"}
    ),
    ExpiryDialect{
        .name = "python-200-32602",
        .source =
            "Python SDK, a restarted server behind the same session: every request but ping fails",
        .post =
            {200, sse,
             "event: message\ndata: "
             "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32602,\"message\":\"Invalid "
             "request "
             "parameters\",\"data\":\"\"}}\n\n"},
        .get = {.status = 200, .content_type = sse, .body = ": ping\n\n", .stays_open = true},
        .del = ok_empty,
        .answers_ping = true,
    },
    same("go-404-text", "Go SDK", ExpiryForm{404, plain, "session not found\n"}),
    ExpiryDialect{
        .name = "mcp-go-400-text",
        .source = "mcp-go before 0.44; GET adopts any session",
        .post = {400, plain, "Invalid session ID\n"},
        .get = {.status = 200, .content_type = sse, .body = ": keepalive\n\n", .stays_open = true},
        .del = ok_empty,
    },
    same("mcp-go-404-text", "mcp-go from 0.44", ExpiryForm{404, plain, "Session terminated\n"}),
    ExpiryDialect{
        .name = "csharp-404",
        .source = "C# SDK; DELETE of an unknown session succeeds",
        .post =
            {404, json,
             R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":$ID})"},
        .get =
            {404, json,
             R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":""})"},
        .del = ok_empty,
    },
    same(
        "csharp-400-stateless", "C# SDK, redeployed as stateless",
        ExpiryForm{
            400, json,
            R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: The Mcp-Session-Id header is not supported in stateless mode"},"id":$ID})"
        }
    ),
    ExpiryDialect{
        .name = "java-404-exception",
        .source = "Java SDK, Spring AI: a serialised exception",
        .post =
            {404, json_utf8,
             R"({"cause":null,"stackTrace":[],"jsonRpcError":{"code":-32603,"message":"Session not found: $SESSION","data":null},)"
             R"("message":"Session not found: $SESSION","suppressed":[],"localizedMessage":"Session not found: $SESSION"})"
            },
        .get = tomcat_404,
        .del = tomcat_404,
    },
    same(
        "kotlin-404", "Kotlin SDK",
        ExpiryForm{
            404, json,
            R"({"id":null,"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"}})"
        }
    ),
    same(
        "rmcp-401", "Rust SDK to 0.16: 401 without WWW-Authenticate",
        ExpiryForm{401, "", "Unauthorized: Session not found"}
    ),
    same("rmcp-404", "Rust SDK from 0.17", ExpiryForm{404, "", "Not Found: Session not found"}),
    same(
        "rmcp-500", "Rust SDK, a session worker that died in between",
        ExpiryForm{
            500, "",
            "Encounter an error when get session: Session error: Session service terminated"
        }
    ),
    ExpiryDialect{
        .name = "wordpress-200-32602",
        .source = "WordPress mcp-adapter 0.3–0.4.1",
        .post =
            {200, json,
             R"({"jsonrpc":"2.0","id":$ID,"error":{"code":-32602,"message":"Invalid params: Invalid or expired session"}})"
            },
        .get = {405, json, R"({"error":"Method not allowed"})", "Allow", "POST, DELETE"},
        .del = ok_empty,
    },
    same("wordpress-404-32005", "WordPress mcp-adapter from 0.5", wordpress_404),
    same(
        "php-404", "official PHP SDK",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found or has expired."}})"
        }
    ),
    ExpiryDialect{
        .name = "php-200-sse",
        .source = "php-mcp/server",
        .post =
            {200, sse,
             "event: message\ndata: "
             "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32600,\"message\":\"Invalid or "
             "expired session. Please re-initialize the session.\"}}\n\n"},
        .get =
            {404, json,
             "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"Invalid or "
             "expired session. Please "
             "re-initialize the session.\"}}\n"},
        .del =
            {404, json,
             "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"Invalid or "
             "expired session. Please "
             "re-initialize the session.\"}}\n"},
    },
    same(
        "ruby-404", "Ruby SDK",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}})"
        }
    ),
    same(
        "swift-404", "Swift SDK",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request: Not Found: Invalid or expired session ID",)"
            R"("data":{"detail":"Not Found: Invalid or expired session ID"}}})"
        }
    ),
    same(
        "anubis-400-nested", "Elixir anubis-mcp: the text stands in error.data",
        ExpiryForm{
            400, json,
            R"({"jsonrpc":"2.0","id":$ID,"error":{"code":-32600,"message":"Invalid Request","data":{"message":"Server not initialized"}}})"
        }
    ),
    same(
        "anubis-404-nested", "Elixir anubis-mcp, an unknown session",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":"err_1","error":{"code":-32600,"message":"Invalid Request","data":{"data":{"message":"Session not found","http_status":404}}}})"
        }
    ),
    same(
        "cloudflare-404-text", "Cloudflare McpAgent: JSON called text",
        ExpiryForm{
            404, "text/plain;charset=UTF-8",
            R"({"error":{"code":-32001,"message":"Session not found"},"id":null,"jsonrpc":"2.0"})"
        }
    ),
    ExpiryDialect{
        .name = "fastmcp-ts-401",
        .source = "FastMCP for TypeScript with authenticate: looks like a bad token",
        .post =
            {401, json,
             R"({"error":{"code":-32000,"message":"Unauthorized: No valid session ID provided"},"id":$ID,"jsonrpc":"2.0"})",
             "WWW-Authenticate",
             "Bearer error=\"invalid_token\", error_description=\"Unauthorized: No valid session "
             "ID provided\""},
        .get = {400, "", "No active transport"},
        .del = {400, "", "No active transport"},
    },
    same(
        "lambda-404-32000", "awslabs mcp-lambda-handler",
        ExpiryForm{
            404, json,
            R"({"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"Invalid or expired session"}})"
        }
    ),
    ExpiryDialect{
        .name = "contextforge-200-32002",
        .source = "IBM ContextForge",
        .post =
            {200, json,
             R"({"jsonrpc":"2.0","error":{"code":-32002,"message":"Session not found","data":{"method":"tools/call"}},"id":$ID})"
            },
        .get = {404, json, R"({"detail":"Session not found"})"},
        .del = {404, json, R"({"detail":"Session not found"})"},
    },
    ExpiryDialect{
        .name = "keryx-200-sse",
        .source = "keryx: no JSON-RPC at all",
        .post = {200, sse, "event: message\ndata: {\"error\":\"Session not found\"}\n\n"},
        .get = {404, json, R"({"error":"Session not found"})"},
        .del = {404, json, R"({"error":"Session not found"})"},
    },
    same(
        "object-404", "fastmcpp and others: a bare object",
        ExpiryForm{404, json, R"({"error":"Invalid or expired session"})"}
    ),
    same("html-404", "a load balancer without a route", nginx_404),
    same("empty-404", "servers that say nothing", ExpiryForm{404, "", ""}),
    same(
        "503-neotoma", "neotoma: 503",
        ExpiryForm{
            503, json,
            R"({"jsonrpc":"2.0","error":{"code":-32001,"message":"MCP session is unknown or expired on this API instance. The client should re-initialize by sending a new InitializeRequest without a session id"},"id":null})"
        }
    ),
};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

std::span<const ExpiryDialect> expiry_dialects() { return dialects; }

const ExpiryDialect* find_expiry_dialect(std::string_view name) {
  auto at = std::ranges::find(dialects, name, &ExpiryDialect::name);
  return at == dialects.end() ? nullptr : &*at;
}

const ExpiryForm& form_for(const ExpiryDialect& dialect, std::string_view http_method) {
  if (http_method == "GET") return dialect.get;
  if (http_method == "DELETE") return dialect.del;
  return dialect.post;
}

std::string fill_in(std::string_view pattern, std::string_view id, std::string_view session) {
  std::string text(pattern);
  replace_all(text, "$ID", id.empty() ? "null" : id);
  if (text.find("$SESSION") != std::string::npos) {
    auto quoted = protocol::quote(session);
    replace_all(text, "$SESSION", std::string_view(quoted).substr(1, quoted.size() - 2));
  }
  return text;
}

}  // namespace mooring::chaos
