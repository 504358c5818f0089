#include "recovery/vocabulary.hpp"

#include <algorithm>
#include <initializer_list>
#include <unordered_map>
#include <vector>

namespace mooring::recovery {
namespace {

// Lists of words, parted by blanks. The later list of `make_roles` wins where two name a word.

constexpr std::string_view session_words =
    "session sessions sessionid session-id session's sitzung sitzungs-id sitzungskennung sesión "
    "sesion sessão sessao sessione sessie sesja sesji sesję сессия Сессия сессии Сессии сеанс "
    "Сеанс сеанса oturum sessionen";

constexpr std::string_view fault_words =
    "expired expire expires unknown invalid closed closing terminated gone stale dead lost "
    "ended destroyed deleted removed evicted inactive unrecognized unrecognised unregistered "
    "nonexistent non-existent disconnected killed revoked invalidated timed reaped purged "
    "dropped discarded cleared outdated malformed aborted finished undefined null unavailable "
    "mismatch mismatched bad forgotten vanished reset abgelaufen abgelaufene abgelaufener "
    "ungültig ungültige ungültiger unbekannt unbekannte beendet geschlossen expirée expiree "
    "expiré invalide inconnue inconnu introuvable terminée fermée caducada caducado expirada "
    "expirado inválida invalida inválido desconocida cerrada terminada finalizada desconhecida "
    "encerrada expirou scaduta sconosciuta terminata chiusa verlopen ongeldig ongeldige "
    "onbekend onbekende beëindigd wygasła nieprawidłowa nieznana истекла истек истёк "
    "недействительна недействителен завершена завершён закрыта закрыт неизвестная süresi doldu "
    "geçersiz ogiltig utgången okänd";

constexpr std::string_view negations =
    "not cannot can't couldn't unable failed doesn't isn't wasn't never nor hasn't aren't don't "
    "didn't nicht konnte pas não nao non niet nie не Не inte";

constexpr std::string_view absences =
    "no without none neither keine kein aucune aucun nenhuma nessuna geen brak нет ingen "
    "ninguna";

constexpr std::string_view qualities =
    "found find exist exists existing valid known recognized recognised registered active "
    "available locate located match matches matching resolve resolved associated alive live "
    "open opened longer such held hold retrieve retrieved established present tracked connected "
    "supported process get look lookup belong belongs correct current load loaded restore "
    "restored resume resumed identify usable started gefunden gültig gültige existiert bekannt "
    "trouvée trouvee trouvé existe valide válida valida encontrada encontrado encontrou "
    "encuentra trovata trovato esiste gevonden bestaat geldig geldige znaleziono istnieje "
    "найдена найден существует действительна bulunamadı hittades finns giltig";

constexpr std::string_view fillers =
    "the a an called your this that is was are were has have had been be being for with of to or "
    "and "
    "either it its as given requested supplied specified associated mcp http sse streamable in "
    "on at by from any id ids identifier uuid server client client's server's request requests "
    "message method instance node replica api may might probably already yet still out up down "
    "due because after since inactivity inactive idle timeout restart restarted service worker "
    "error encounter encountered when while access denied here there exception format separator "
    "refers refer referenced points which now anymore more non-initialize non-initialization "
    "stateless mode you we i our new long ago too old ttl and/or same another different but "
    "uses using used protocol header headers received response protocol-level remote upstream "
    "gateway so them their us only can could does do did will would die der das ist wurde ihre "
    "oder und mehr werden mit la le l'id est été ete n'existe n'est n'a ou et plus de du votre "
    "el es ha está sido è stata o e u um uma foi tu su se sua y een het meer lub została или "
    "больше была был och har minute minutes second seconds hour hours ms references reference";

constexpr std::string_view foreign_words =
    "log login logged logout sign signin sign-in password authenticate re-authenticate "
    "reauthenticate authentication credentials token tokens cookie browser page tab database db "
    "user user's pid debug debugger checkout shell terminal ssh sso anmelden connecter "
    "connectez iniciar inicie entre";

constexpr std::string_view advice_words =
    "please reinitialize re-initialize reinitialise re-initialise reinit reconnect re-connect "
    "retry again re-establish reestablish initiate restarting start create send reinitializing "
    "reconnecting re-initializing reinitialization re-initialization erneut reconnecter";

std::vector<std::string_view> split(std::string_view words) {
  std::vector<std::string_view> out;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) out.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

std::unordered_map<std::string_view, Role> make_roles() {
  std::unordered_map<std::string_view, Role> roles;
  const auto put = [&](Role role, std::string_view words) {
    for (const auto word : split(words)) roles.insert_or_assign(word, role);
  };
  put(Role::filler, fillers);
  put(Role::advice, advice_words);
  put(Role::session, session_words);
  put(Role::header, "mcp-session-id mcp_session_id mcpsessionid x-mcp-session-id");
  put(Role::argument, "session_id");
  put(Role::link, "transport connection stream");
  put(Role::fault, fault_words);
  put(Role::negation, negations);
  put(Role::absence, absences);
  put(Role::quality, qualities);
  put(Role::missing, "missing required omitted absent requires needed lacks");
  put(Role::given, "provided supplied specified included given sent passed");
  put(Role::initialize,
      "initialize initialized initialise initialised initialization initialisation initializing "
      "uninitialized uninitialised initializerequest");
  put(Role::ordering, "before first must expect expected expecting during until should unexpected");
  put(Role::running,
      "complete completed completes processing processed in-flight mid-request running execution");
  put(Role::foreign, foreign_words);
  return roles;
}

constexpr std::string_view prefix_words =
    "400 api argument bad client code connection content endpoint entity error exception "
    "expired failed found gone http illegal internal invalid io json json-rpc jsonrpc key "
    "lookup mcp not operation params parameters posting protocol request response rest rpc "
    "runtime server service session sse state status stream streamable to transport "
    "unauthorized unauthorised unavailable unknown unprocessable validation value web conflict "
    "jsonrpc2 mcperror httperror fehler erreur errore erro warning fatal a the";

bool holds_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) {
    return text.find(part) != std::string_view::npos;
  });
}

}  // namespace

Role role_of(std::string_view word) {
  static const auto roles = make_roles();
  const auto found = roles.find(word);
  return found == roles.end() ? Role::other : found->second;
}

bool is_prefix_word(std::string_view word) {
  static const auto words = split(prefix_words);
  if (std::ranges::find(words, word) != words.end()) return true;
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+'; };
  return std::ranges::all_of(word, digit);
}

bool unparted_session_fault(std::string_view text) {
  constexpr std::size_t longest = 160;  // bytes; some fifty characters
  if (text.size() > longest) return false;
  if (!holds_any(text, {"会话", "會話", "会話", "工作階段", "セッション", "세션"})) return false;
  if (holds_any(
          text, {"登录", "登入", "登錄", "ログイン", "サインイン", "로그인", "数据库",
                 "データベース", "浏览器", "ブラウザ", "用户"}
      )) {
    return false;
  }
  return holds_any(text, {"不存在",      "过期",           "過期",         "到期",       "失效",
                          "无效",        "無效",           "未找到",       "找不到",     "已关闭",
                          "已關閉",      "已终止",         "已終止",       "已结束",     "已結束",
                          "未知",        "見つかりません", "見つからない", "期限切れ",   "有効期限",
                          "無効",        "存在しません",   "終了しました", "찾을 수 없", "만료",
                          "유효하지 않", "존재하지 않",    "종료"});
}

}  // namespace mooring::recovery
