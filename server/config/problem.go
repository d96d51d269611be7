// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"

	"github.com/koogate/koogate/server/seller"
)

// Problem is one fault of a configuration with its remedy. It quotes no secret.
type Problem struct {
	Origin string // where it stands: file:line:column, the variable, or --set; empty when it stands nowhere
	Path   string // the key, e.g. "endpoints[0].keys[1]"
	EN     string // what is wrong and what to do about it
	ZH     string // the same in Chinese
}

// String is the English message.
func (p Problem) String() string { return p.where(": ") + p.Path + ": " + p.EN }

// where is the place, with what separates it from the rest.
func (p Problem) where(separator string) string {
	if p.Origin == "" || p.Origin == p.Path {
		return ""
	}
	return p.Origin + separator
}

// In returns the message in a language: "zh", or anything else for English.
func (p Problem) In(lang string) string {
	if strings.HasPrefix(strings.ToLower(lang), "zh") {
		return p.where("：") + p.Path + "：" + p.ZH
	}
	return p.String()
}

// Faults is a configuration that cannot be used.
type Faults []Problem

// Error implements error.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, p := range f {
		lines[i] = p.String()
	}
	return fmt.Sprintf("the configuration has %d fault(s):\n  %s", len(f), strings.Join(lines, "\n  "))
}

// Paths are the keys that have a fault.
func (f Faults) Paths() []string {
	paths := make([]string, len(f))
	for i, p := range f {
		paths[i] = p.Path
	}
	return paths
}

// Each are the faults for whoever names their places otherwise.
func (f Faults) Each() []seller.Fault {
	list := make([]seller.Fault, len(f))
	for i, p := range f {
		list[i] = seller.Fault{Path: p.Path, Text: p.EN}
	}
	return list
}

// text is a message in both languages, with the same verbs in the same order.
type text struct{ en, zh string }

// msgScalarKeys stands for the names of all keys that a flag may set.
const msgScalarKeys = "the scalar keys of deploy/koogate.example.yaml"

// The messages. Each says what is wrong, then the remedy.
var (
	msgFile     = text{"cannot be read (%s): give the path of a readable file", "无法读取（%s）：请填写可读文件的路径"}
	msgSyntax   = text{"is not valid YAML (%s): correct the file", "不是合法的 YAML（%s）：请修正该文件"}
	msgUnknown  = text{"is not a key: remove it, or use one of %s", "未知的配置项：请删除，或改用 %s 之一"}
	msgEnv      = text{"is not a variable of Koogate: remove it, or correct its name", "不是 Koogate 的环境变量：请删除或更正名称"}
	msgNear     = text{"is not a key: did you mean %s? Otherwise remove it, or use one of %s", "未知的配置项：是否应为 %s？否则请删除，或改用 %s 之一"}
	msgEnvNear  = text{"is not a variable of Koogate: did you mean %s? Otherwise remove it", "不是 Koogate 的环境变量：是否应为 %s？否则请删除"}
	msgBoth     = text{"is given here and as %s: keep one of the two", "与 %s 重复：两者只保留其一"}
	msgRequired = text{"is missing: %s", "缺失：%s"}

	msgQuoteNumber = text{"is a number to YAML, not the text that stands here: put it in quotes", "在 YAML 中是数字而不是原样的文本：请加引号"}
	msgQuoteBool   = text{"is true or false to a reader of YAML, not the text that stands here: put it in quotes", "在 YAML 中是布尔值而不是原样的文本：请加引号"}
	msgQuoteDate   = text{"is a date to YAML, not the text that stands here: put it in quotes", "在 YAML 中是日期而不是原样的文本：请加引号"}
	msgQuoteOther  = text{"is not text to YAML: put it in quotes, without a tag", "在 YAML 中不是文本：请加引号，且不要使用标签"}
	msgNull        = text{"has no value: give one, or remove the key; an empty text is \"\"", "没有值：请填写，或删除该项；空文本写作 \"\""}
	msgNoUnit      = text{"is a duration without a unit: write for example 3s, 500ms or 10m", "时长缺少单位：例如 3s、500ms 或 10m"}
	msgDuration    = text{"is no duration: write a number and its unit, for example 3s, 500ms or 10m", "不是时长：请填写数字与单位，例如 3s、500ms 或 10m"}
	msgBool        = text{"is neither true nor false: write one of the two, without quotes", "既不是 true 也不是 false：请填写其一，不加引号"}
	msgInt         = text{"is no whole number in plain digits: write for example 8, without quotes", "不是十进制整数：例如 8，不加引号"}
	msgNotList     = text{"is no list: write [a, b], or a line beginning with - for each element", "不是列表：请写作 [a, b]，或每个元素一行并以 - 开头"}
	msgNotSection  = text{"is no section: write its keys below it, indented", "不是配置节：请在其下缩进填写各项"}
	msgNotScalar   = text{"is a list or a section where one value belongs: write the value alone", "此处应为单个值，而不是列表或配置节：请只填写该值"}
	msgKey         = text{"has a key that is a list or a section: write a text", "含有列表或配置节形式的键：请使用文本"}
	msgDouble      = text{"is given twice, first in line %d: remove one", "重复：首次出现在第 %d 行，请删除其一"}
	msgMerge       = text{"merges with << what is no section: give an anchor of one", "<< 合并的不是配置节：请引用配置节的锚点"}
	msgDocuments   = text{"begins a second document: one file is one configuration; remove the line ---", "开始了第二个文档：一个文件只能包含一份配置，请删除 --- 行"}

	msgAddr      = text{"is not host:port: write for example 127.0.0.1:8080", "不是 主机:端口 的形式：例如 127.0.0.1:8080"}
	msgAddrTwice = text{"is the same address as %s: give each listener a port of its own", "与 %s 的地址相同：请为每个监听器使用不同端口"}
	msgTLSPair   = text{"certificate and key belong together: set %s and %s, or no key of the section", "证书与私钥必须成对：请同时设置 %s 与 %s，或都不设置"}
	msgClientCA  = text{"cannot be used (%s): give a PEM file with the certificates of the authorities that sign those of clients", "无法使用（%s）：请提供签发客户端证书的机构的 PEM 证书文件"}
	msgClear     = text{"is beyond loopback, and this listener would speak in clear there: give it a certificate (%s), or listen on 127.0.0.1; where a trusted network or proxy protects it, set %s.clear: true", "不是回环地址，而该监听器将以明文通信：请配置证书（%s）或改为监听 127.0.0.1；若由可信网络或代理保护，请设置 %s.clear: true"}
	msgProxies   = text{"%v: write addresses such as 192.0.2.7 and networks such as 10.0.0.0/8", "%v：请填写地址（如 192.0.2.7）或网段（如 10.0.0.0/8）"}
	msgNetwork   = text{"is neither an address nor a network: write for example 10.20.0.0/16", "既不是地址也不是网段：例如 10.20.0.0/16"}
	msgClearTLS  = text{"is for a listener without a certificate: remove it, or remove %s", "仅适用于没有证书的监听器：请删除，或删除 %s"}
	msgTLSLoad   = text{"cannot be used (%s): give a PEM certificate chain and its key", "无法使用（%s）：请提供 PEM 证书链及其私钥"}
	msgDatabase  = text{"is neither postgres://… nor sqlite:PATH: write for example sqlite:/var/lib/koogate/koogate.db", "既不是 postgres://… 也不是 sqlite:路径：例如 sqlite:/var/lib/koogate/koogate.db"}
	msgKeyset    = text{"%s cannot be used (%s): `koogate keys new FILE` makes one, readable by its owner only", "%s 无法使用（%s）：可用 `koogate keys new FILE` 生成，仅其所有者可读"}
	msgSigning   = text{"%s cannot be used (%s): `koogate keys new-signing FILE` makes one, readable by its owner only", "%s 无法使用（%s）：可用 `koogate keys new-signing FILE` 生成，仅其所有者可读"}
	msgDirectory = text{"cannot be kept in %s (%s): create that directory for the user that runs Koogate, or correct the path", "无法存放于 %s（%s）：请为运行 Koogate 的用户创建该目录，或更正路径"}
	msgDSN       = text{"is no usable PostgreSQL URL (%s): write for example postgres://user@host:5432/koogate?sslmode=verify-full", "不是可用的 PostgreSQL 地址（%s）：例如 postgres://user@host:5432/koogate?sslmode=verify-full"}
	msgKeyKind   = text{"is the same key as %s: the marketplace binds a key to one type of interface; bind another one to the Kit", "与 %s 相同：云商店的一个密钥只能绑定一种接口类型，请为联营接口绑定另一个密钥"}
	msgNoDigest  = text{"cannot be derived from this keyset_file, whose first key is not one of `koogate keys new`: write business", "无法由该 keyset_file 派生，其首个密钥不是 `koogate keys new` 生成的：请填写 business"}
	msgRedisMust = text{"is missing: with PostgreSQL several processes may run, so give at least one Redis address", "缺失：使用 PostgreSQL 时可能有多个进程，请至少提供一个 Redis 地址"}
	msgRedisMany = text{"has several addresses: set redis.master (Sentinel) or redis.cluster, or leave one", "有多个地址：请设置 redis.master（哨兵）或 redis.cluster，或只保留一个"}
	msgRedisMode = text{"excludes redis.master and redis.db: a cluster has neither; remove them", "与 redis.master、redis.db 互斥：集群没有这两项，请删除"}
	msgBraces    = text{"contains a brace: choose a prefix without { and }", "包含花括号：请使用不含 { 和 } 的前缀"}

	msgNone          = text{"is empty: add at least one", "为空：请至少添加一项"}
	msgName          = text{"%q is not a name: use 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen", "%q 不是合法名称：请使用 1 至 63 个小写字母、数字或连字符，且不以连字符开头"}
	msgTwice         = text{"%q is used twice: names are unique; rename one", "%q 重复：名称必须唯一，请改名"}
	msgNoSeller      = text{"%q is not a seller: use the name of one in sellers", "%q 不是已配置的商家：请使用 sellers 中的名称"}
	msgNoQueue       = text{"%q is not a provisioner: use the name of one in provisioners", "%q 不是已配置的开通器：请使用 provisioners 中的名称"}
	msgReserved      = text{"%q is reserved for Koogate's own work: choose another name", "%q 保留给 Koogate 自身的任务：请使用其他名称"}
	msgChoice        = text{"%q is unknown: use one of %s", "%q 无法识别：请使用 %s 之一"}
	msgBounds        = text{"%v is out of bounds: use %v to %v", "%v 超出范围：请使用 %v 至 %v"}
	msgToken         = text{"holds characters that cannot stand in a header: use letters, digits and -._~+/=; `koogate keys new --token FILE` makes one", "含有不能出现在请求头中的字符：请使用字母、数字与 -._~+/=，可用 `koogate keys new --token FILE` 生成"}
	msgKeyTwice      = text{"is given twice: remove one", "重复：请删除其一"}
	msgTokenUsed     = text{"belongs to another seller too: a token names exactly one seller; make a new one", "同时属于另一商家：一个令牌只能对应一个商家，请重新生成"}
	msgQueueScope    = text{"needs the scope worker: add it to scopes, or remove the queues", "需要 worker 权限：请将其加入 scopes，或删除 queues"}
	msgNoWorkerQueue = text{"%q is no provisioner of type worker or webhook: use the name of one in provisioners", "%q 不是 worker 或 webhook 类型的开通器：请使用 provisioners 中该类型的名称"}
	msgCustomary     = text{"names no scopes and so has %s: give each system a token with the scopes that it needs", "未指定 scopes，因此拥有 %s：请为每个系统配置只含所需权限的令牌"}
	msgAudience      = text{"needs at least one text, and none that is empty: name what the issuer puts into the claim aud of tokens for Koogate, such as koogate; without it tokens that were made for other services would count", "至少需要一项，且不得为空：请填写签发方为 Koogate 的令牌写入 aud 声明的值（如 koogate）；否则为其他服务签发的令牌也会被接受"}
	msgValues        = text{"needs at least one text, and none that is empty: name the values of the claim that the rule is for", "至少需要一项，且不得为空：请填写该规则所针对的声明取值"}
	msgCaller        = text{"is not a caller as audit rows name it: write token NAME, certificate NAME, oidc ISSUER SUBJECT, or api token for the tokens without a name", "不是审计记录中的调用方名称：请填写 token 名称、certificate 名称、oidc 签发方 主体，或用 api token 表示没有名称的令牌"}
	msgNoRate        = text{"changes nothing: give at least one of reads, writes, leases and exports, or remove the rule", "没有任何内容：请至少填写 reads、writes、leases、exports 之一，或删除该规则"}
	msgOutlived      = text{"is shorter than refresh, so that the keys would not count from time to time: make it several times as long", "短于 refresh，密钥会间歇失效：请设为其数倍"}
	msgUnasked       = text{"let nobody in, because no listener asks clients for a certificate: set listeners.grpc.tls.client_ca_file or listeners.api.tls.client_ca_file, or remove them", "不会生效，因为没有监听器要求客户端证书：请设置 listeners.grpc.tls.client_ca_file 或 listeners.api.tls.client_ca_file，或删除这些证书"}
	msgProduction    = text{"lets tokens with the scope admin call as the marketplace does: it is for tests; remove it elsewhere", "允许拥有 admin 权限的令牌以云商店的身份调用：仅用于测试，其他环境请删除"}

	msgSite      = text{"give either site (cn, intl, eu) or base_url, not both and not neither", "site（cn、intl、eu）与 base_url 必须且只能填写其一"}
	msgBaseURL   = text{"is not usable: give scheme and host, https (http only for loopback), without user, query or fragment", "不可用：请填写协议与主机，必须为 https（仅回环地址可用 http），不含用户、查询与片段"}
	msgProductID = text{"is not a product ID: use 1 to 64 characters, or * for all others", "不是商品 ID：请使用 1 至 64 个字符，或用 * 表示其余商品"}
	msgJaeger    = text{"is not a URL of http or https with a host and nothing behind the path: write for example http://127.0.0.1:16686", "不是含主机、路径之后没有其他内容的 http 或 https URL：例如 http://127.0.0.1:16686"}
	msgTplURL    = text{"is not a URL of http or https with a host, without a user, of at most 512 characters with every {…} filled in: write for example https://app.example.com/{instance}", "填充 {…} 后不是至多 512 个字符、含主机且不含用户的 http 或 https URL：例如 https://app.example.com/{instance}"}
	msgTplLength = text{"is longer than the marketplace takes once every {…} is filled in: at most %d characters", "填充 {…} 后超过云商店的长度限制：至多 %d 个字符"}
	msgTplOther  = text{"is only for provisioners of type template: remove it", "仅适用于 template 类型的开通器：请删除"}

	msgHookOther     = text{"is only for provisioners of type webhook: remove it", "仅适用于 webhook 类型的开通器：请删除"}
	msgHookURL       = text{"is not a URL of https with a host, without user and fragment, of at most 2048 characters: write for example https://crm.example.com/koogate", "不是至多 2048 个字符、含主机且不含用户与片段的 https URL：例如 https://crm.example.com/koogate"}
	msgHookForbidden = text{"leads to a private, local or reserved network, or has http://, which is never called without leave: use a public https:// address, or name its network in webhooks.allow", "指向私有、本地或保留网络，或使用 http://，未经许可不会调用：请使用公网 https:// 地址，或在 webhooks.allow 中列出该网络"}
	msgHookSecret    = text{"is not a secret of Standard Webhooks, whsec_ and 24 to 64 bytes in base64: `koogate keys new --webhook FILE` makes one", "不是 Standard Webhooks 的密钥（whsec_ 加 24 至 64 字节的 base64）：可用 `koogate keys new --webhook FILE` 生成"}

	msgIssuerURL  = text{"is not scheme and host alone: write for example https://login.example.com (http only for loopback), without path, user, query or fragment", "应只含协议与主机：例如 https://login.example.com（仅回环地址可用 http），不含路径、用户、查询与片段"}
	msgNoClientCA = text{"would keep out every browser, which has no such certificate: remove it", "会将没有客户端证书的浏览器全部拒之门外：请删除"}
	msgSuffix     = text{"is not the end of a host name: write for example .tenantaccount.example.com, or a whole name", "不是主机名的结尾：例如 .tenantaccount.example.com，或完整的主机名"}
	msgPath       = text{"is not a path alone: begin it with / and leave out query and fragment", "不是单纯的路径：请以 / 开头，且不含查询与片段"}
	msgHeader     = text{"is not a name: use letters, digits and hyphens", "不是合法名称：请使用字母、数字与连字符"}

	msgOldURL   = text{"is not a URL of https with a host, without user, query and fragment, of at most 2048 characters: write the address that the marketplace called before, for example https://shop.example.com/produce", "不是至多 2048 个字符、含主机且不含用户、查询与片段的 https URL：请填写云商店此前调用的地址，例如 https://shop.example.com/produce"}
	msgNoOldURL = text{"is forward or shadow, and there is no old server: give the endpoint's old_url, or write own", "为 forward 或 shadow，但没有旧服务器：请填写该接入点的 old_url，或改为 own"}

	msgNobodyToAsk = text{"is adopt, and most calls about an instance name no product: give the endpoint the product \"*\", or one provisioner for all products", "为 adopt，但多数关于实例的调用不含商品 ID：请为该接入点配置商品 \"*\"，或让所有商品使用同一个开通器"}

	msgFamily   = text{"%q is no protocol family: use one of %s", "%q 不是已知的协议族：请使用 %s 之一"}
	msgUnserved = text{"only matters to %s, which this endpoint does not serve: remove it, or add the family to families", "仅对 %s 有意义，而该地址未启用：请删除，或把协议族加入 families"}
	msgKitKey   = text{"is needed by the families kit_v1 and kit_v2: give the RSA key (3072 bits or more) whose public half you entered in the seller centre", "kit_v1、kit_v2 协议族需要：请提供 RSA 私钥（不小于 3072 位），其公钥已填入卖家中心"}
	msgRSA      = text{"is no RSA key of 3072 bits or more in PEM: make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`", "不是不小于 3072 位的 PEM 格式 RSA 私钥：可用 `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072` 生成"}
	msgActivity = text{"%q is no activity whose answer can wait: use one of %s", "%q 不是可以等待完成再应答的接口：请使用 %s 之一"}

	msgMeterName   = text{"is missing: a meter has a name of 1 to 64 characters; give one, or remove the meter", "缺失：计量项需要 1 至 64 个字符的名称，请填写或删除该计量项"}
	msgMeterWindow = text{"%v is no window: use 1h or 24h", "%v 不是可用的窗口：请使用 1h 或 24h"}
	msgMeterBill   = text{"hourly cannot hold windows of 24h, whose usage would miss every bill but one: use bill daily, or window 1h", "hourly 与 24h 的窗口不相容，用量将错过按小时出账：请改用 bill daily 或 window 1h"}

	msgPackageEmpty = text{"is missing: name the fee items that the package holds, or remove the package", "缺失：请列出套餐包包含的计费项，或删除 package"}
	msgPackageAll   = text{"stands at *: a package is a product of its own; move it to its product ID", "位于 * 之下：套餐包是独立的商品，请移至其商品 ID 之下"}
	msgPackageMany  = text{"has %d items: a package holds at most %d", "包含 %d 个计费项：至多 %d 个"}
	msgPackageItem  = text{"%q is no fee item of this seller: name a product with a meter that sums up", "%q 不是该商家的计费项：请填写带有 sum 计量项的商品 ID"}
	msgPackageQuota = text{"%q is no quota: write a decimal above zero with at most 8 digits before and 4 behind the point, such as \"100\"", "%q 不是可用的额度：请填写大于零、小数点前至多 8 位、后至多 4 位的十进制数，例如 \"100\""}

	msgOpen  = text{"can be read by everybody on this machine (mode %s): run `chmod o-rwx %s`; in a container whose secrets have such a mode, set secret_files: shared", "可被本机所有用户读取（权限 %s）：请执行 `chmod o-rwx %s`；若容器中的密钥文件权限如此，请设置 secret_files: shared"}
	msgDemo  = text{"is the public demo value: make your own with `koogate keys new --token FILE`; everybody knows this one", "是公开的演示值：人人皆知，请用 `koogate keys new --token FILE` 生成自己的值"}
	msgShort = text{"has %d characters: use at least %d; `koogate keys new --token FILE` makes one", "只有 %d 个字符：至少需要 %d 个，可用 `koogate keys new --token FILE` 生成"}
)
