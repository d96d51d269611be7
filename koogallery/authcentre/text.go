// SPDX-License-Identifier: Apache-2.0

package authcentre

// The languages of the pages.
const (
	chinese = "zh"
	english = "en"
)

// sentence is a text of the catalogue in a language.
func sentence(key, lang string) string {
	both, ok := sentences[key]
	switch {
	case !ok:
		return key // so that a test finds it
	case lang == english:
		return both[1]
	default:
		return both[0]
	}
}

// sentences is the catalogue, Chinese and English.
var sentences = map[string][2]string{
	"title":       {"认证中心模拟器", "Authentication centre simulator"},
	"simulated":   {"这是模拟器，不是华为云。不要输入真实密码。", "This is a simulator, not Huawei Cloud. Enter no real password."},
	"toContent":   {"跳到内容", "Skip to content"},
	"otherLang":   {"English", "中文"},
	"home":        {"概览", "Overview"},
	"rules":       {"规则", "Rules"},
	"beijing":     {"北京时间", "Beijing time"},
	"loginTitle":  {"登录", "Log in"},
	"loginTo":     {"登录到", "Log in to"},
	"account":     {"账号", "Account"},
	"password":    {"密码", "Password"},
	"loginButton": {"登录", "Log in"},
	"chooseTitle": {"选择企业", "Choose the enterprise"},
	"chooseText":  {"这个账号属于多个企业，要以哪个企业的身份进入？", "This account belongs to several enterprises. As whose member do you go in?"},
	"fragment":    {"正在打开登录页…", "Opening the login page…"},
	"fragmentNo":  {"这个页面的参数在 # 后面，由脚本读取。没有脚本时请直接打开：", "The parameters of this page stand behind #, and a script reads them. Without a script open:"},
	"workbench":   {"工作台", "Workbench"},
	"tiles":       {"你的应用", "Your applications"},
	"notYours":    {"未授权", "not authorised"},
	"open":        {"打开", "Open"},
	"back":        {"返回概览", "Back to the overview"},

	"errPassword":      {"账号或密码不对。核对租户里的账号，大小写要一致。", "The account or the password is wrong. Look at the tenant's accounts; capitals count."},
	"errDisabled":      {"这个账号已被停用。请企业管理员启用后再登录。", "The account is disabled. Ask the administrator of the enterprise to enable it."},
	"errNotAuthorised": {"这个账号没有被授权使用该应用。请企业管理员在买家中心授权（authSync）。", "The account is not authorised for this application. The administrator does that in the buyer centre (authSync)."},
	"errIndicator":     {"登录页地址缺少 ind=UNOP。请检查商家页面里的登录链接。", "The address of the login page lacks ind=UNOP. Look at the link on the seller's page."},
	"errApplication":   {"没有这个应用。appId 应当是应用凭证里的应用ID。", "There is no such application. appId is the application ID of the credential."},
	"errClient":        {"client_id 不属于这个租户。每个租户使用 applicationSync 给的 clientId。", "client_id is not this tenant's. Each tenant has the clientId of its applicationSync."},
	"errRedirect":      {"redirect_uri 与登记的回调地址不一致，因此没有跳转。", "redirect_uri is not the registered callback, so nobody was led there."},
	"errResponseType":  {"response_type 必须是 code。", "response_type has to be code."},
	"errProtocol":      {"这个应用登记的是 CAS，请使用 CAS 登录地址。", "This application is registered for CAS: use the login address of CAS."},
	"errService":       {"service 不是任何 CAS 应用登记的回调地址，因此没有跳转。", "service is no registered callback of a CAS application, so nobody was led there."},
	"errLogout":        {"已退出。返回地址不是 http 或 https 的绝对地址，因此没有跳转。", "You are logged out. The address to return to is no absolute http or https address, so nobody was led there."},
	"errChoice":        {"这个选择已失效，请重新登录。", "This choice has ended. Log in again."},
	"errForm":          {"表单无法读取，请重新填写。", "The form cannot be read. Fill it in again."},
	"errNotFound":      {"没有这个页面，或这次登录已被遗忘。", "There is no such page, or the login has been forgotten."},
	"errTitle":         {"无法继续", "It does not go on from here"},

	"verdictNone":    {"还没有人登录。用下面的登录页地址开始第一次。", "Nobody has logged in yet. Begin with an address of the login page below."},
	"verdictGood":    {"没有违反任何规则。", "No rule is broken."},
	"verdictBad":     {"违反的规则数，见下表：", "Rules broken, listed below:"},
	"logins":         {"登录", "Logins"},
	"loginsNone":     {"还没有登录。打开上面的登录页，用列出的账号登录。", "No logins yet. Open the login page above, with one of the accounts."},
	"findings":       {"违反的规则", "Broken rules"},
	"findingsNone":   {"没有。换令牌、查询 userinfo 之后再看。", "None. Look again after token and userinfo."},
	"severity":       {"后果", "What it does"},
	"rule":           {"规则", "Rule"},
	"seen":           {"看到的", "What was seen"},
	"remedy":         {"怎么改", "What to do"},
	"source":         {"出处", "Source"},
	"times":          {"次数", "Times"},
	"login":          {"登录", "Login"},
	"entrance":       {"入口", "Entrance"},
	"state":          {"状态", "State"},
	"user":           {"用户", "User"},
	"tenant":         {"租户", "Tenant"},
	"application":    {"应用", "Application"},
	"started":        {"开始", "Began"},
	"steps":          {"经过", "Steps"},
	"time":           {"时间", "Time"},
	"point":          {"位置", "Where"},
	"status":         {"HTTP", "HTTP"},
	"said":           {"内容", "What"},
	"enter":          {"在商家侧配置什么", "What to enter at the seller's side"},
	"loginPage":      {"统一登录页", "Unified login page"},
	"queryForm":      {"同一页面，参数在查询串里", "The same page with its parameters in the query"},
	"callback":       {"登记的回调地址", "Registered callback"},
	"domain":         {"域名 domainName", "domainName"},
	"tenantID":       {"租户ID", "Tenant ID"},
	"accounts":       {"账号", "Accounts"},
	"role":           {"角色", "Role"},
	"admin":          {"管理员", "administrator"},
	"ordinary":       {"普通用户", "user"},
	"disabled":       {"已停用", "disabled"},
	"enabled":        {"可用", "enabled"},
	"testAccount":    {"测试账号", "test account"},
	"authorisedFor":  {"已授权应用", "Authorised for"},
	"disable":        {"停用", "Disable"},
	"enable":         {"启用", "Enable"},
	"faults":         {"故障", "Faults"},
	"faultsNone":     {"没有故障。选一个，看商家侧怎样处理。", "Nothing goes wrong. Choose a fault, and see what the seller's side does."},
	"faultSet":       {"设置", "Set"},
	"faultClear":     {"清除", "Clear"},
	"everyOther":     {"每隔一次", "every second call"},
	"met":            {"命中", "calls met"},
	"acts":           {"操作", "Acts"},
	"advance":        {"时间前进", "Move the time ahead by"},
	"advanceHint":    {"例如 2h：令牌到期", "2h, for example: tokens end"},
	"reset":          {"全部重来", "Begin anew"},
	"resetHint":      {"忘记登录、结论、会话、令牌和故障，用户恢复原样", "Forgets logins, findings, sessions, tokens and faults; users are what they were"},
	"newEvents":      {"有新记录，点这里刷新", "There is something new: show it"},
	"allTenants":     {"所有租户", "all tenants"},
	"secretsShown":   {"密钥和密码只在这个模拟世界里有效。", "Secrets and passwords are good in this made-up world only."},
	"rulesText":      {"认证中心按这些规则看商家侧的每一步。出处是文档页面编号，日期是页面自己的。", "The centre holds every step of the seller's side to these rules. Sources are pages of the documents with their own dates."},
	"EXPOSES":        {"泄露或冒用", "exposes"},
	"BREAKS":         {"登录失败", "breaks the login"},
	"REFUSED":        {"不被接受", "is refused"},
	"RISKS":          {"有风险", "is a risk"},
	"BEGUN":          {"已开始", "begun"},
	"GRANTED":        {"已发 code 或 ticket", "code or ticket given"},
	"TOKEN":          {"已换令牌", "token given"},
	"COMPLETE":       {"完成", "complete"},
	"UNUSED":         {"未使用", "unused"},
	"ENDED":          {"已退出", "logged out"},
	"REFUSED_LOGIN":  {"被拒绝", "refused"},
	"page":           {"统一登录页", "unified login page"},
	"application_by": {"商家发起", "started by the seller"},
}
