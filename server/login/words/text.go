// SPDX-License-Identifier: Apache-2.0

package words

// The languages.
const (
	Chinese = "zh"
	English = "en"
)

// Text is a text of the pages. A key that is not known is its own text, so that a test finds it.
func Text(key string) Both {
	if b, ok := texts[key]; ok {
		return b
	}
	return Both{key, key}
}

var texts = map[string]Both{
	"login":     {"登录", "Log in"},
	"toContent": {"跳到内容", "Skip to content"},
	"otherLang": {"English", "中文"},
	"again":     {"重新登录", "Log in again"},
	"staff":     {"给技术支持", "For technical support"},
	"number":    {"编号", "Number"},
	"reason":    {"原因", "Reason"},
	"time":      {"时间（北京时间）", "Time (Beijing)"},

	"tenantTitle": {"登录哪个企业", "Which enterprise"},
	"tenantLast":  {"继续登录", "Go on with"},
	"tenantAny":   {"用华为云统一登录页登录", "Use the unified login page of Huawei Cloud"},
	"tenantCode":  {"企业标识", "Enterprise code"},
	"tenantHelp":  {"企业管理员在买家中心能看到企业标识。不知道时，用统一登录页登录即可。", "The enterprise's administrator sees the code in the buyer centre. Without it, use the unified login page."},
	"tenantGo":    {"下一步", "Next"},
	"codeEmpty":   {"请输入企业标识。", "Enter the enterprise's code."},
	"codeUnknown": {"没有使用该应用的企业有这个标识。核对后重试，或用统一登录页登录。", "No enterprise that uses the application has this code. Check it, or use the unified login page."},

	"confirmTitle": {"确认登录", "Confirm the login"},
	"confirmText":  {"将以下面的身份进入", "You are about to enter"},
	"confirmAs":    {"账号", "Account"},
	"confirmOf":    {"企业", "Enterprise"},
	"confirmYes":   {"继续", "Continue"},
	"confirmNo":    {"不是我", "This is not me"},
	"confirmWhy":   {"这次登录不是从应用的页面开始的。如果你没有点击工作台里的应用，请选择“不是我”。", "This login was not begun on the application's page. If you have not clicked the application in a workbench, choose “This is not me”."},

	"logoutTitle": {"退出登录", "Log out"},
	"logoutText":  {"要退出这个应用吗？", "Do you want to log out of this application?"},
	"logoutAll":   {"要退出这个浏览器里登录的所有应用吗？", "Do you want to log out of all applications that this browser is logged in to?"},
	"logoutYes":   {"退出", "Log out"},

	"trialTitle":   {"试登录", "Try the login"},
	"trialText":    {"这里按真实的步骤走一遍登录，并指出哪一步有问题。不会产生会话。", "This walks through a real login and says which step goes wrong. It leaves no session."},
	"trialTenant":  {"企业（租户ID或企业标识，可不填）", "Enterprise (tenant ID or code; may be empty)"},
	"trialStart":   {"开始", "Start"},
	"trialRestart": {"再来一次", "Start again"},
	"trialOver":    {"这次试登录已过期。用 koogate logins try 再开始一次。", "This trial has ended by its time. Begin another with koogate logins try."},
	"trialGood":    {"登录走通了每一步。", "The login has gone through every step."},
	"trialBad":     {"登录在下面标出的一步失败。", "The login has failed at the step marked below."},
	"trialWaits":   {"等待浏览器从认证中心返回。", "Waiting for the browser to come back from the authentication centre."},
	"trialEnter":   {"在应用凭证里登记的地址", "Addresses for the credential"},
	"callback":     {"回调地址", "Callback address"},
	"loginAddress": {"登录地址", "Login address"},
	"step":         {"步骤", "Step"},
	"ok":           {"通过", "passed"},
	"failed":       {"失败", "failed"},
	"waiting":      {"未到", "not reached"},
	"SENT":         {"浏览器去往认证中心", "The browser goes to the authentication centre"},
	"CALLBACK":     {"带着授权码或票据回到回调地址", "It comes back to the callback with a code or ticket"},
	"TENANT":       {"找到企业的域名、clientId 和 clientSecret", "The tenant's domain, clientId and clientSecret are found"},
	"TOKEN":        {"用授权码换取令牌", "The code is exchanged for a token"},
	"PERSON":       {"认证中心说明是谁", "The authentication centre says who it is"},
	"RIGHT":        {"目录允许此人使用", "The directory lets the person in"},
}
