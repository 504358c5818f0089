#include "recovery/wording.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace mooring::recovery {
namespace {

using Says = Wording::Says;

// clang-format off
constexpr std::array lost = std::to_array<std::string_view>({
    "Session not found",
    "session 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6' not found",
    "Session f81d4fae-7dec-11d0-a765-00a0c91e6bf6 has expired",
    "Session ID abc123def456 is invalid",
    "Session id 'abc' is not valid",
    "The specified session does not exist",
    "The provided session ID does not exist.",
    "No session exists with id 1234",
    "No session with ID 9f3a",
    "No such session",
    "Session no longer active",
    "Session is no longer available",
    "Your session has expired",
    "Your session has timed out. Please reconnect.",
    "Session has been closed",
    "Session already closed",
    "Session is closed",
    "Session was terminated by server",
    "Session has ended",
    "Session is dead",
    "Session unknown: 17",
    "Unknown session ID: abc",
    "unknown session id \"abc\"",
    "Unknown MCP session ID",
    "Unknown or expired session",
    "Unknown/expired session",
    "Expired or unknown MCP session",
    "invalid or unknown session",
    "Invalid sessionId",
    "Invalid session id provided",
    "Invalid mcp-session-id",
    "Invalid Mcp-Session-Id: 7d9c",
    "Mcp-Session-Id not found",
    "Mcp-Session-Id not recognized",
    "Unrecognized session",
    "Session not recognised by this server",
    "session_not_found",
    "SESSION_INVALID",
    "InvalidSession",
    "SessionExpired",
    "SessionClosedError: session is closed",
    "mcp.SessionNotFoundError: session not found",
    "Error: Session not found",
    "McpError: MCP error -32001: Session not found",
    "MCP error -32000: Bad Request: Session not found",
    "Streamable HTTP error: Error POSTing to endpoint (HTTP 404): Session not found",
    "HTTP 404: session not found",
    "KeyError: 'Session not found'",
    "Could not locate session with ID abc-123",
    "Cannot find session abc-1",
    "Can't find session",
    "Failed to find session",
    "Failed to load session: not found",
    "Failed to retrieve session",
    "session lookup failed: not found",
    "Session lookup failed",
    "Session does not exist or has expired",
    "Session does not exist anymore",
    "Session doesn't exist",
    "Session doesn’t exist",
    "Session “abc-1” doesn’t exist",
    "Session (id=abc-123) not found",
    "Session <abc> not found",
    "Session: not found",
    "Session missing or expired",
    "Missing or invalid session ID",
    "Missing or expired session",
    "Session gone",
    "Session was not found on this server",
    "Session not found on this node",
    "Session not found. It may have expired.",
    "Session not found (it may have expired)",
    "Session not found or expired. Please initialize a new session.",
    "Session not found; please send an initialize request",
    "Session expired, reinitialize required",
    "Session expired. Reinitialization required.",
    "Session expired: please start a new session",
    "Session timeout",
    "Session is stale",
    "Session evicted due to inactivity",
    "Session expired after 30 minutes of inactivity",
    "Session invalidated",
    "Session has been invalidated by the server",
    "Session was reset",
    "Session lost",
    "No active session",
    "No active session found",
    "No active session for this client",
    "No valid session",
    "No valid session found",
    "There is no session with that ID",
    "There is no active session for the given ID",
    "Not a valid session",
    "Not a valid session ID",
    "Request references unknown session",
    "Request for unknown session",
    "Client session not found",
    "server session not found",
    "MCP server session not found",
    "Transport session not found",
    "Streamable HTTP session not found",
    "HTTP session expired",
    "The MCP session has expired; reconnect",
    "the session you requested was not found",
    "we could not find your session",
    "Session not associated with any transport",
    "Session ID mismatch",
    "No server found for session",
    "No transport for session abc-1",
    "Session ID not registered",
    "session not registered",
    "Session not active",
    "Session inactive",
    "Session is not active",
    "Session abcdef not found",
    "Session aXbYcZ not found",
    "session is unknown to this server",
    "La session a expiré",
    "Session inconnue",
    "Sitzung abgelaufen",
    "Ungültige Sitzung",
    "Die Sitzung existiert nicht mehr",
    "Sessão expirada",
    "Sessão não encontrada",
    "Sesión no válida",
    "Sesión no encontrada",
    "Sessione scaduta",
    "Sessione non trovata",
    "Sessie verlopen",
    "Сессия не найдена",
    "Сессия истекла",
    "會話已過期",
    "无效的会话ID",
    "세션이 만료되었습니다",
    "セッションが無効です",
});

constexpr std::array missing = std::to_array<std::string_view>({
    "Missing session ID",
    "Mcp-Session-Id header is required",
    "Bad Request: Missing Mcp-Session-Id header",
    "session_id is required",
    "No session ID provided",
    "A valid session id is REQUIRED for non-initialize requests.",
    "Session ID required in mcp-session-id header",
    "Session ID must be provided",
});

constexpr std::array not_initialized = std::to_array<std::string_view>({
    "Server not initialized",
    "Bad Request: Server not initialized",
    "Session not initialized",
    "Not initialized",
    "Client must initialize first",
    "initialize must be called first",
    "Received request before initialization was complete",
    "method \"tools/list\" is invalid during session initialization",
    "The first message from the client must be \"initialize\": tools/call",
    "Unexpected message, expect initialize request",
    "Expected initialize request",
    "Uninitialized session",
    "Invalid Request: Bad Request: Session not initialized",
    "Server has not been initialized yet",
    "Please initialize the session first",
    "Initialization required",
});

constexpr std::array about_something_else = std::to_array<std::string_view>({
    "database session expired",
    "Browser session closed",
    "Invalid session parameter",
    "Invalid session type",
    "Session name is required",
    "Session title not found",
    "Tool not found: session",
    "Unknown tool: get_session",
    "Session limit reached",
    "Session token expired",
    "Session cookie missing",
    "Your login session has expired",
    "Please sign in, your session expired",
    "session store unavailable",
    "Session user mismatch",
    "Checkout session not found",
    "Debug session terminated",
    "Terminal session 'x' not found",
    "Game session 12 not found",
    "SSH session closed",
    "No session found for PID 4711",
    "No session found for user bob",
    "Chat session not found",
    "Zoom session expired",
    "Session variable not found",
    "Session file not found",
    "Recording session not found",
    "Resource not found: session://x",
    "SQL session killed",
    "Session handler crashed",
    "Failed to create session",
    "Failed to create new session",
    "Failed to establish a session",
    "Could not start session",
    "The session parameter is invalid",
    "The 'session' field is invalid",
    "session_id: field required",
    "Invalid value for session_id: must be integer",
    "Session is busy",
    "Session is locked",
    "Session already exists",
    "Session created",
    "Session not ready",
    "Session 12 has no attendees",
    "Session storage is full",
    "Session description missing",
    "training session not found",
    "No sessions scheduled",
    "Unsupported protocol version",
    "Session quota exceeded",
    "Server already initialized",
    "Initialization requests must not include a sessionId",
    "Initialization failed",
    "Tool not initialized",
    "Database connection not initialized",
    "Camera must be initialized first",
});

// clang-format on

TEST(Wording, EXP_20_sentences_about_a_lost_session) {
  for (const auto text : lost) {
    const auto read = read_wording(text);
    EXPECT_TRUE(read.whole && (read.says == Says::lost || read.says == Says::missing)) << text;
  }
}

TEST(Wording, sentences_that_ask_for_a_session_id) {
  for (const auto text : missing) EXPECT_TRUE(read_wording(text).about(Says::missing)) << text;
}

TEST(Wording, sentences_that_ask_for_initialize) {
  for (const auto text : not_initialized) {
    EXPECT_TRUE(read_wording(text).about(Says::not_initialized)) << text;
  }
}

TEST(Wording, EXP_03_sentences_about_something_else) {
  for (const auto text : about_something_else) {
    const auto read = read_wording(text);
    EXPECT_FALSE(read.whole && read.says != Says::nothing && read.says != Says::alive) << text;
  }
}

TEST(Wording, prefixes_and_punctuation_change_nothing) {
  for (const auto* prefix :
       {"Bad Request: ", "Not Found: ", "Invalid params: ", "Invalid Request: ",
        "MCP error -32600: ", "Error: ", "HTTP 404: ", "mcp: ", "404 : ", "Unauthorized: ",
        "Invalid Request: Not Found: "}) {
    for (const auto* text :
         {"Session not found", "Unknown session.", "\"session expired\"",
          "Invalid or expired session!", "SESSION_EXPIRED"}) {
      EXPECT_TRUE(read_wording(std::string(prefix) + text).about(Says::lost)) << prefix << text;
    }
    EXPECT_FALSE(read_wording(std::string(prefix) + "Invalid session parameter").whole) << prefix;
  }
}

TEST(Wording, advice_may_follow_but_a_login_may_not) {
  EXPECT_TRUE(read_wording("Session expired. Please reconnect.").about(Says::lost));
  EXPECT_TRUE(read_wording("Session expired; send a new initialize request").about(Says::lost));
  EXPECT_EQ(read_wording("Session expired, please log in").says, Says::nothing);
  EXPECT_EQ(read_wording("Session expired. Start a new browser session.").says, Says::nothing);
  EXPECT_FALSE(read_wording("Session closed. Most likely the page has been closed.").whole);
}

TEST(Wording, tells_how_it_was_said) {
  EXPECT_TRUE(read_wording("Session terminated before the request completed").mid_request);
  EXPECT_TRUE(read_wording("Error processing request: No response received").mid_request);
  EXPECT_FALSE(read_wording("Session terminated").mid_request);
  EXPECT_TRUE(read_wording("Session 'a1' not found").names_id);
  EXPECT_FALSE(read_wording("Session not found").names_id);
  EXPECT_TRUE(read_wording("Unknown session_id").like_argument);
  EXPECT_FALSE(read_wording("Unknown Mcp-Session-Id").like_argument);
  EXPECT_TRUE(read_wording("No active SSE connection").of_link);
  EXPECT_FALSE(read_wording("No transport found for sessionId").of_link);
  EXPECT_TRUE(read_wording("Error when getting session: session service terminated").inner_error);
  EXPECT_TRUE(read_wording("No valid session ID provided").none_came);
  EXPECT_TRUE(read_wording("Session exists but uses a different transport").about(Says::alive));
}

TEST(Wording, EXP_05_nothing_says_nothing) {
  for (const auto* text : {"", " ", "\n\n", "...", "\"\"", "session", "'", "(", "[[", ":::"}) {
    EXPECT_EQ(read_wording(text).says, Says::nothing) << text;
  }
  EXPECT_EQ(read_wording("Session not found " + std::string(500, 'x')).says, Says::nothing);
}

}  // namespace
}  // namespace mooring::recovery
