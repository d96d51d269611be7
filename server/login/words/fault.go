// SPDX-License-Identifier: Apache-2.0

package words

// Both is a text in both languages.
type Both struct{ ZH, EN string }

// In is the text in a language; Chinese unless it is "en".
func (b Both) In(lang string) string {
	if lang == "en" {
		return b.EN
	}
	return b.ZH
}

// Fault explains why a login did not come to its end.
type Fault struct {
	What  Both // what happened
	Do    Both // what the person can do
	Staff Both // what the seller's staff looks at
	Again bool // to log in again may help
}

// The faults that Koogate's own pages find. Those of the authentication centre are kinds of server/login/upstream, and those of the
// directory are reasons of store.LoginEnd.
const (
	ApplicationUnknown = "APPLICATION_UNKNOWN"
	RedirectUnknown    = "REDIRECT_UNKNOWN"
	RequestOver        = "REQUEST_OVER"
	BrowserChanged     = "BROWSER_CHANGED"
	StateUnknown       = "STATE_UNKNOWN"
	CallbackEmpty      = "CALLBACK_EMPTY"
	CallbackRefused    = "CALLBACK_REFUSED"
	TenantMissing      = "TENANT_MISSING"
	TenantMixed        = "TENANT_MIXED"
	TenantUnknown      = "TENANT_UNKNOWN"
	ClientMissing      = "CLIENT_MISSING"
	Declined           = "DECLINED"
	NoWayIn            = "NO_WAY_IN"
	TooMany            = "TOO_MANY"
	FormInvalid        = "FORM_INVALID"
	LoginRequired      = "LOGIN_REQUIRED"
	PageUnknown        = "PAGE_UNKNOWN"
	Unavailable        = "UNAVAILABLE"
)

// Of explains a fault. One that is not known is explained as Unavailable.
func Of(code string) Fault {
	if f, ok := faults[code]; ok {
		return f
	}
	return faults[Unavailable]
}

// Known says whether a fault has words of its own.
func Known(code string) bool {
	_, ok := faults[code]
	return ok
}

// askStaff is what a person does about what only the seller can mend.
var askStaff = Both{"把下面的编号告诉应用的客服。", "Tell the application's support the number below."}

var faults = map[string]Fault{
	// Koogate's own pages.
	ApplicationUnknown: {
		What:  Both{"没有这个应用。", "There is no such application."},
		Do:    Both{"检查打开的地址，或从应用自己的网站重新进入。", "Check the address, or enter from the application's own site."},
		Staff: Both{"地址里的应用ID没有登记：用 koogate logins apps list 核对，与应用凭证里的应用ID（appId）一致。", "The application ID of the address is not registered: compare koogate logins apps list with the appId of the credential."},
	},
	RedirectUnknown: {
		What:  Both{"应用要求返回的地址没有登记，已拒绝。", "The application asks to come back to an address that is not registered, and was refused."},
		Do:    askStaff,
		Staff: Both{"redirect_uri 或 post_logout_redirect_uri 必须与登记的地址逐字相同：用 koogate logins apps get 核对协议、端口、路径和末尾的斜杠。", "redirect_uri and post_logout_redirect_uri must be registered letter by letter: compare scheme, port, path and a slash at the end with koogate logins apps get."},
	},
	RequestOver: {
		What:  Both{"这次登录已经结束，或者等待太久。", "This login is over, or it has waited too long."},
		Do:    Both{"从应用重新登录，十分钟内完成。", "Log in from the application again, within ten minutes."},
		Staff: Both{"一次登录十分钟内有效，完成一次后地址就失效。书签里不要保存登录过程中的地址。", "A login counts for ten minutes and once. Its addresses are not for bookmarks."},
		Again: true,
	},
	BrowserChanged: {
		What:  Both{"这次登录不是在这个浏览器里开始的。", "This login was not begun in this browser."},
		Do:    Both{"在同一个浏览器里重新登录，并允许本站使用 Cookie。", "Log in again in one browser, and allow this site its cookies."},
		Staff: Both{"浏览器没有带来开始登录时的 Cookie：换了浏览器、禁用了 Cookie，或有人把登录链接发给了别人。", "The browser did not show the cookie that it got when the login began: another browser, no cookies, or a link that was passed on."},
		Again: true,
	},
	StateUnknown: {
		What:  Both{"登录返回的 state 不是这里发出的，已拒绝。", "The login came back with a state that was not given out here, and was refused."},
		Do:    Both{"从应用重新登录。如果再次出现，不要继续，联系应用的客服。", "Log in from the application again. If it comes again do not go on, and tell its support."},
		Staff: Both{"state 过期、被使用过或被改动。反复出现可能是有人在尝试注入授权码。", "The state is old, used, or changed. If it repeats, somebody may be trying to inject a code."},
		Again: true,
	},
	CallbackEmpty: {
		What:  Both{"认证中心没有带回授权码或票据。", "The authentication centre brought neither a code nor a ticket."},
		Do:    Both{"从应用重新登录。", "Log in from the application again."},
		Staff: Both{"回调地址被直接打开，或应用凭证里登记的鉴权方式与这里的设置不同（OAuth2.0 带 code，CAS 带 ticket）。", "The callback was opened directly, or the credential's authentication mode differs from the setting here (OAuth 2.0 brings a code, CAS a ticket)."},
		Again: true,
	},
	CallbackRefused: {
		What:  Both{"认证中心拒绝了这次登录。", "The authentication centre has refused this login."},
		Do:    Both{"确认账号已被授权使用该应用，再重新登录。", "Make sure that the account is authorised for the application, and log in again."},
		Staff: Both{"认证中心在回调里带回了 error；它的名字在登录步骤里。", "The callback brought an error; its name is among the steps of the login."},
		Again: true,
	},
	TenantMissing: {
		What:  Both{"认证中心没有说明是哪个企业。", "The authentication centre did not say which enterprise it is."},
		Do:    Both{"从应用登录，并先选择企业。", "Log in from the application and choose the enterprise first."},
		Staff: Both{"回调里没有 tenant。不能猜测企业：授权码交给别的企业的域名就泄露了。", "The callback has no tenant. It is not guessed: a code that goes to another enterprise's domain is given away."},
		Again: true,
	},
	TenantMixed: {
		What:  Both{"返回的企业与开始登录时选择的不同，已拒绝。", "The login came back for another enterprise than it was begun for, and was refused."},
		Do:    Both{"退出认证中心的其他企业账号，再重新登录。", "Log out of the other enterprise at the authentication centre, and log in again."},
		Staff: Both{"回调的 tenant 与登录开始时的企业不一致：用户切换了企业，或有人在混用两个企业的登录。", "The callback's tenant is not the one of the login: the person has changed it, or somebody mixes the logins of two enterprises."},
		Again: true,
	},
	TenantUnknown: {
		What:  Both{"这个企业还没有绑定该应用。", "This enterprise is not bound to the application."},
		Do:    Both{"请企业管理员在买家中心把应用绑定到企业。", "Ask the enterprise's administrator to bind the application in the buyer centre."},
		Staff: Both{"没有收到这个租户的 tenantSync。在卖家中心的生产接口消息里查看并重新启动。", "No tenantSync came for this tenant. Look for it among the seller centre's interface messages and restart it."},
	},
	ClientMissing: {
		What:  Both{"这个企业的应用信息还没有同步。", "The application of this enterprise was not synchronised yet."},
		Do:    Both{"稍后再试；如果仍然失败，请企业管理员重新绑定应用。", "Try again later; if it stays, ask the enterprise's administrator to bind the application again."},
		Staff: Both{"收到了 tenantSync，没有收到这个 appId 的 applicationSync。在卖家中心的生产接口消息里重新启动。", "tenantSync came, and no applicationSync for this appId. Restart it among the seller centre's interface messages."},
		Again: true,
	},
	Declined: {
		What:  Both{"你选择了不继续。", "You have chosen not to go on."},
		Do:    Both{"要以其他账号进入，先退出认证中心，再从应用重新登录。", "To enter as somebody else, log out of the authentication centre, and log in from the application."},
		Staff: Both{"用户在确认页上选择了“不是我”。", "The person has said on the page of confirmation that it is not them."},
		Again: true,
	},
	NoWayIn: {
		What:  Both{"登录成功，但应用没有登记进入的地址。", "You are logged in, but the application has no address to enter."},
		Do:    askStaff,
		Staff: Both{"从工作台进入需要登记发起登录地址（initiate_uri）或票据地址（ticket_uri）：koogate logins apps update。", "An entrance from the workbench needs an initiate_uri or a ticket_uri: koogate logins apps update."},
	},
	TooMany: {
		What:  Both{"从这个网络来的登录太多。", "Too many logins come from this network."},
		Do:    Both{"一分钟后再试。", "Try again in a minute."},
		Staff: Both{"同一地址的登录页面每分钟有上限，防止认证中心被滥用。代理后面要设置 trusted_proxies，否则所有人都算作一个地址。", "The login's pages have a limit a minute for an address, so that nobody misuses the authentication centre. Behind a proxy trusted_proxies must be set, or everybody is one address."},
		Again: true,
	},
	FormInvalid: {
		What:  Both{"提交的表单无法使用。", "The form cannot be used."},
		Do:    Both{"返回上一页重新提交。", "Go back and send it again."},
		Staff: Both{"表单的防伪字段不对，或来自别的网站。", "The form's token is wrong, or it came from another site."},
		Again: true,
	},
	LoginRequired: {
		What:  Both{"需要登录。", "A login is needed."},
		Do:    Both{"从应用登录。", "Log in from the application."},
		Staff: Both{"应用用 prompt=none 询问是否已登录；没有登录。", "The application has asked with prompt=none whether somebody is logged in; nobody is."},
		Again: true,
	},
	PageUnknown: {
		What:  Both{"没有这个页面。", "There is no such page."},
		Do:    Both{"从应用自己的网站进入。", "Enter from the application's own site."},
		Staff: Both{"这是登录服务的地址，没有自己的首页。", "This is the address of a login service; it has no front page of its own."},
	},
	Unavailable: {
		What:  Both{"登录服务暂时不可用。", "The login service cannot be used now."},
		Do:    Both{"稍后再试。", "Try again in a while."},
		Staff: Both{"数据库或密钥不可用。日志里有同一编号的原因。", "The database or a key cannot be used. The log has the reason under the same number."},
		Again: true,
	},

	// The authentication centre (server/login/upstream).
	"CODE_REFUSED": {
		What:  Both{"认证中心不再接受这个授权码。", "The authentication centre does not take this code any more."},
		Do:    Both{"重新登录。不要刷新或返回登录过程中的页面。", "Log in again. Do not reload the pages of a login, and do not go back to them."},
		Staff: Both{"授权码只能用一次，有效期很短（400 invalid_grant）。", "A code counts once and for a short time (400 invalid_grant)."},
		Again: true,
	},
	"REFRESH_REFUSED": {
		What:  Both{"认证中心的登录已到期。", "The login at the authentication centre has ended."},
		Do:    Both{"重新登录。", "Log in again."},
		Staff: Both{"refresh_token 不再有效（400 invalid_grant）。", "The refresh_token does not count any more (400 invalid_grant)."},
		Again: true,
	},
	"CLIENT_MISMATCH": {
		What:  Both{"授权码属于另一个客户端。", "The code belongs to another client."},
		Do:    Both{"重新登录；如果仍然失败，把编号告诉应用的客服。", "Log in again; if it stays, tell the application's support the number."},
		Staff: Both{"invalid_client, Client ID mismatch：applicationSync 给的 clientId 与授权码的不同。核对该租户最近一次 applicationSync。", "invalid_client, Client ID mismatch: the clientId of applicationSync is not the code's. Look at the tenant's last applicationSync."},
		Again: true,
	},
	"CLIENT_REFUSED": {
		What:  Both{"认证中心不认可这个应用。", "The authentication centre does not accept this application."},
		Do:    askStaff,
		Staff: Both{"invalid_client, Bad client credentials：clientId 或解密后的 clientSecret 不对。核对上传的公钥与 kit_private_keys，再让买家重新绑定，或在卖家中心重新启动 applicationSync。", "invalid_client, Bad client credentials: clientId or the decrypted clientSecret is wrong. Compare the uploaded public key with kit_private_keys, and restart applicationSync."},
	},
	"FORBIDDEN": {
		What:  Both{"认证中心拒绝了这个应用。", "The authentication centre refuses this application."},
		Do:    askStaff,
		Staff: Both{"令牌地址回答 403：域名、clientId、clientSecret 不匹配，或 clientSecret 没有解密。三者都按租户取自同步数据。", "The token address answers 403: domain, clientId and clientSecret do not fit each other, or the secret was not decrypted. All three are the tenant's own."},
	},
	"TOKEN_REFUSED": {
		What:  Both{"认证中心不接受刚刚签发的令牌。", "The authentication centre does not take the token that it has just issued."},
		Do:    Both{"重新登录。", "Log in again."},
		Staff: Both{"userinfo 回答 401 unauthorized。如果是 OrgID，令牌头的名字不同：login.dialects。", "userinfo answers 401 unauthorized. With OrgID the token's header has another name: login.dialects."},
		Again: true,
	},
	"TICKET_REFUSED": {
		What:  Both{"认证中心不再接受这个票据。", "The authentication centre does not take this ticket any more."},
		Do:    Both{"重新登录。不要刷新登录过程中的页面。", "Log in again. Do not reload the pages of a login."},
		Staff: Both{"INVALID_TICKET：票据只能用一次，有效期很短。", "INVALID_TICKET: a ticket counts once and for a short time."},
		Again: true,
	},
	"SERVICE_REFUSED": {
		What:  Both{"认证中心没有登记这个应用的回调地址。", "The authentication centre does not know this application's callback."},
		Do:    askStaff,
		Staff: Both{"INVALID_SERVICE：应用凭证里登记的回调地址要与 koogate logins apps get 显示的完全相同。", "INVALID_SERVICE: the callback of the credential has to be exactly what koogate logins apps get shows."},
	},
	"REQUEST_REFUSED": {
		What:  Both{"认证中心不接受这次请求。", "The authentication centre does not take the call."},
		Do:    askStaff,
		Staff: Both{"认证中心回答 4xx 或 INVALID_REQUEST；它的错误名在登录步骤里。路径和参数可在 login.dialects 里按域名设置。", "The centre answers 4xx or INVALID_REQUEST; its error is among the steps of the login. Paths and parameters are set for domains in login.dialects."},
		Again: true,
	},
	"BUSY": {
		What:  Both{"认证中心正忙或出现故障。", "The authentication centre is busy or has failed."},
		Do:    Both{"一分钟后重新登录。", "Log in again in a minute."},
		Staff: Both{"认证中心回答 5xx、429 或 INTERNAL_ERROR。不是应用的问题。", "The centre answers 5xx, 429 or INTERNAL_ERROR. It is not the application's fault."},
		Again: true,
	},
	"MALFORMED": {
		What:  Both{"认证中心的回答无法理解。", "The authentication centre's answer cannot be understood."},
		Do:    askStaff,
		Staff: Both{"回答不是文档里的形式、缺少必需的字段或过长。该域名可能需要另一种 login.dialects 设置。", "The answer has not the documented form, lacks what it must have, or is too long. The domain may need another setting in login.dialects."},
		Again: true,
	},
	"WRONG_TENANT": {
		What:  Both{"登录的账号属于另一个企业，已拒绝。", "The account belongs to another enterprise, and was refused."},
		Do:    Both{"退出认证中心，用本企业的账号重新登录。", "Log out of the authentication centre, and log in with this enterprise's account."},
		Staff: Both{"userinfo 的 tenant 与回调的企业不一致。", "userinfo's tenant is not the callback's."},
		Again: true,
	},
	"ADDRESS": {
		What:  Both{"企业的登录域名不允许访问。", "The enterprise's login domain may not be called."},
		Do:    askStaff,
		Staff: Both{"tenantSync 的 domainName 不是 https、不在 login.suffixes 之内，或指向内网地址。", "domainName of tenantSync is not https, not within login.suffixes, or leads to a private network."},
	},
	"TIMEOUT": {
		What:  Both{"认证中心没有及时回答。", "The authentication centre did not answer in time."},
		Do:    Both{"重新登录。", "Log in again."},
		Staff: Both{"超过 login.budget。授权码已经用掉，不会重发。", "It took longer than login.budget. The code is used up and is not sent again."},
		Again: true,
	},
	"TLS": {
		What:  Both{"无法安全连接企业的登录域名。", "The enterprise's login domain cannot be reached securely."},
		Do:    askStaff,
		Staff: Both{"该域名的证书不受信任或已过期。", "The domain's certificate is not trusted, or has ended."},
		Again: true,
	},
	"UNREACHABLE": {
		What:  Both{"无法连接企业的登录域名。", "The enterprise's login domain cannot be reached."},
		Do:    Both{"稍后重新登录。", "Log in again later."},
		Staff: Both{"域名无法解析，或连接被拒绝、中断。检查出网。", "The name is not resolved, or the connection is refused or cut. Look at the way out."},
		Again: true,
	},

	// The directory (store.LoginEnd).
	"USER_DISABLED": {
		What:  Both{"这个账号已被停用。", "This account is disabled."},
		Do:    Both{"请企业管理员启用账号。", "Ask the enterprise's administrator to enable it."},
		Staff: Both{"最近一次 authSync 的 enable 为 false。", "enable is false in the last authSync."},
	},
	"USER_UNAUTHORISED": {
		What:  Both{"这个账号没有被授权使用该应用。", "This account is not authorised for the application."},
		Do:    Both{"请企业管理员在买家中心授权，然后重新登录。", "Ask the enterprise's administrator to authorise it in the buyer centre, and log in again."},
		Staff: Both{"目录里没有这个 userName，或授权已取消：authSync 没有收到，或 flag 为 0 或 3。大小写要一致。", "The directory has no such userName, or the right was withdrawn: no authSync came, or its flag is 0 or 3. Capitals count."},
		Again: true,
	},
	"TENANT_DELETED": {
		What:  Both{"这个企业已不再使用该应用。", "This enterprise does not use the application any more."},
		Do:    Both{"请企业管理员在买家中心重新绑定应用。", "Ask the enterprise's administrator to bind the application again in the buyer centre."},
		Staff: Both{"tenantSync 的 flag 为 0：应用已与企业解绑。", "tenantSync had flag 0: the application was unbound from the enterprise."},
	},
	"APPLICATION_DELETED": {
		What:  Both{"这个企业的应用已停用。", "The application of this enterprise was taken away."},
		Do:    Both{"请企业管理员在买家中心启用应用。", "Ask the enterprise's administrator to enable the application in the buyer centre."},
		Staff: Both{"applicationSync 的 flag 为 0。", "applicationSync had flag 0."},
	},
	"INSTANCE_RELEASED": {
		What:  Both{"购买的应用已退订或到期释放。", "What was bought has ended and was released."},
		Do:    Both{"请企业管理员重新购买或联系商家。", "Ask the enterprise's administrator to buy it again, or the seller."},
		Staff: Both{"该企业绑定的实例都已释放。", "All instances that the enterprise is bound to are released."},
	},
	"INSTANCE_FROZEN": {
		What:  Both{"购买的应用已冻结。", "What was bought is frozen."},
		Do:    Both{"请企业管理员续费后再登录。", "Ask the enterprise's administrator to renew it, and log in then."},
		Staff: Both{"实例处于冻结状态。是否允许冻结时登录由应用的 frozen 设置决定。", "The instance is frozen. Whether people may log in then is the application's setting frozen."},
	},
	"APPLICATION_CLOSED": {
		What:  Both{"商家关闭了这个应用的登录。", "The seller has closed the login of this application."},
		Do:    askStaff,
		Staff: Both{"应用处于 DISABLED，或已从登记中删除：koogate logins apps。", "The application is DISABLED or was deleted: koogate logins apps."},
	},
	"LOGGED_OUT": {
		What: Both{"你已退出。", "You are logged out."}, Do: Both{"要再次进入，从应用登录。", "To enter again, log in from the application."},
		Staff: Both{"用户自己退出。", "The person has logged out."}, Again: true,
	},
	"REVOKED": {
		What: Both{"管理员结束了这次登录。", "An operator has ended this login."}, Do: Both{"重新登录。", "Log in again."},
		Staff: Both{"会话由 koogate logins sessions end 结束，原因在审计记录里。", "The session was ended by koogate logins sessions end; the reason is in the audit."}, Again: true,
	},
	"EXPIRED": {
		What: Both{"登录已到期。", "The login has ended by its time."}, Do: Both{"重新登录。", "Log in again."},
		Staff: Both{"会话超过 life 或 idle。", "The session is older than life, or was idle for longer than idle."}, Again: true,
	},
	"REPLACED": {
		What: Both{"这个浏览器已用新的登录替换。", "This browser has logged in anew since."}, Do: Both{"从应用重新进入。", "Enter from the application again."},
		Staff: Both{"同一浏览器重新登录。", "The same browser has logged in again."}, Again: true,
	},
	"REUSED": {
		What: Both{"登录凭据被使用了两次，为安全起见已结束。", "What was given out for this login was used twice, so it was ended for safety."}, Do: Both{"重新登录。", "Log in again."},
		Staff: Both{"授权码或 refresh_token 被重复使用：可能泄露，或客户端重复提交。", "A code or refresh_token was used twice: it has leaked, or a client has sent it twice."}, Again: true,
	},
	"UPSTREAM": {
		What: Both{"认证中心的登录已结束。", "The login at the authentication centre has ended."}, Do: Both{"重新登录。", "Log in again."},
		Staff: Both{"认证中心不再续期（refresh_token 被拒绝）。", "The authentication centre does not renew it (its refresh_token was refused)."}, Again: true,
	},
}
