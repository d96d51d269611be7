package server

import (
	"fmt"
	"strings"
)

// Problem is one fault of a configuration with its remedy. It quotes no secret.
type Problem struct {
	Path string // the key, e.g. "endpoints[0].keys[1]"
	EN   string // what is wrong and what to do about it
	ZH   string // the same in Chinese
}

// String is the English message.
func (p Problem) String() string { return p.Path + ": " + p.EN }

// In returns the message in a language: "zh", or anything else for English.
func (p Problem) In(lang string) string {
	if strings.HasPrefix(strings.ToLower(lang), "zh") {
		return p.Path + "：" + p.ZH
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

// text is a message in both languages, with the same verbs in the same order.
type text struct{ en, zh string }

// findings collects problems.
type findings struct{ list []Problem }

func (f *findings) add(path string, t text, args ...any) {
	f.list = append(f.list, Problem{Path: path, EN: fmt.Sprintf(t.en, args...), ZH: fmt.Sprintf(t.zh, args...)})
}

// The messages. Each says what is wrong, then the remedy.
var (
	msgFile     = text{"cannot be read (%s): give the path of a readable file", "无法读取（%s）：请填写可读文件的路径"}
	msgSyntax   = text{"is not valid YAML (%s): correct the file", "不是合法的 YAML（%s）：请修正该文件"}
	msgType     = text{"%s: see deploy/koogate.example.yaml for the form of each key", "%s：各配置项的写法见 deploy/koogate.example.yaml"}
	msgUnknown  = text{"is not a key: remove it, or use one of %s", "未知的配置项：请删除，或改用 %s 之一"}
	msgEnv      = text{"is not a variable of Koogate: remove it, or correct its name", "不是 Koogate 的环境变量：请删除或更正名称"}
	msgBoth     = text{"is given here and as %s: keep one of the two", "与 %s 重复：两者只保留其一"}
	msgRequired = text{"is missing: %s", "缺失：%s"}

	msgAddr      = text{"is not host:port: write for example 127.0.0.1:8080", "不是 主机:端口 的形式：例如 127.0.0.1:8080"}
	msgAddrTwice = text{"is the same address as %s: give each door a port of its own", "与 %s 的地址相同：请为每个入口使用不同端口"}
	msgTLSPair   = text{"certificate and key belong together: set tls.cert_file and tls.key_file, or neither", "证书与私钥必须成对：请同时设置 tls.cert_file 与 tls.key_file，或都不设置"}
	msgTLSLoad   = text{"cannot be used (%s): give a PEM certificate chain and its key", "无法使用（%s）：请提供 PEM 证书链及其私钥"}
	msgDatabase  = text{"is neither postgres://… nor sqlite:PATH: write for example sqlite:/var/lib/koogate/koogate.db", "既不是 postgres://… 也不是 sqlite:路径：例如 sqlite:/var/lib/koogate/koogate.db"}
	msgRedisMust = text{"is missing: with PostgreSQL several processes may run, so give at least one Redis address", "缺失：使用 PostgreSQL 时可能有多个进程，请至少提供一个 Redis 地址"}
	msgRedisMany = text{"has several addresses: set redis.master (Sentinel) or redis.cluster, or leave one", "有多个地址：请设置 redis.master（哨兵）或 redis.cluster，或只保留一个"}
	msgRedisMode = text{"excludes redis.master and redis.db: a cluster has neither; remove them", "与 redis.master、redis.db 互斥：集群没有这两项，请删除"}
	msgBraces    = text{"contains a brace: choose a prefix without { and }", "包含花括号：请使用不含 { 和 } 的前缀"}

	msgNone      = text{"is empty: add at least one", "为空：请至少添加一项"}
	msgName      = text{"%q is not a name: use 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen", "%q 不是合法名称：请使用 1 至 63 个小写字母、数字或连字符，且不以连字符开头"}
	msgTwice     = text{"%q is used twice: names are unique; rename one", "%q 重复：名称必须唯一，请改名"}
	msgNoSeller  = text{"%q is not a seller: use the name of one in sellers", "%q 不是已配置的商家：请使用 sellers 中的名称"}
	msgNoQueue   = text{"%q is not a provisioner: use the name of one in provisioners", "%q 不是已配置的开通器：请使用 provisioners 中的名称"}
	msgReserved  = text{"%q is reserved for Koogate's own work: choose another name", "%q 保留给 Koogate 自身的任务：请使用其他名称"}
	msgChoice    = text{"%q is unknown: use one of %s", "%q 无法识别：请使用 %s 之一"}
	msgBounds    = text{"%v is out of bounds: use %v to %v", "%v 超出范围：请使用 %v 至 %v"}
	msgToken     = text{"holds characters that cannot stand in a header: use letters, digits and -._~+/=; `koogate keys new` makes one", "含有不能出现在请求头中的字符：请使用字母、数字与 -._~+/=，可用 `koogate keys new` 生成"}
	msgKeyTwice  = text{"is given twice: remove one", "重复：请删除其一"}
	msgTokenUsed = text{"belongs to another seller too: a token names exactly one seller; make a new one", "同时属于另一商家：一个令牌只能对应一个商家，请重新生成"}
	msgSite      = text{"give either site (cn, intl, eu) or base_url, not both and not neither", "site（cn、intl、eu）与 base_url 必须且只能填写其一"}
	msgBaseURL   = text{"is not usable: give scheme and host, https (http only for loopback), without user, query or fragment", "不可用：请填写协议与主机，必须为 https（仅回环地址可用 http），不含用户、查询与片段"}
	msgProductID = text{"is not a product ID: use 1 to 64 characters, or * for all others", "不是商品 ID：请使用 1 至 64 个字符，或用 * 表示其余商品"}
	msgTplURL    = text{"is not a URL of at most 512 characters with every {…} filled in: write for example https://app.example.com/{instance}", "填充 {…} 后不是至多 512 个字符的 URL：例如 https://app.example.com/{instance}"}
	msgTplLength = text{"is longer than the marketplace takes once every {…} is filled in: at most %d characters", "填充 {…} 后超过云商店的长度限制：至多 %d 个字符"}
	msgTplOther  = text{"is only for provisioners of type template: remove it", "仅适用于 template 类型的开通器：请删除"}

	msgFamily   = text{"%q is no protocol family: use one of %s", "%q 不是已知的协议族：请使用 %s 之一"}
	msgUnserved = text{"only matters to %s, which this endpoint does not serve: remove it, or add the family to families", "仅对 %s 有意义，而该地址未启用：请删除，或把协议族加入 families"}
	msgKitKey   = text{"is needed by the families kit_v1 and kit_v2: give the RSA key (3072 bits or more) whose public half you entered in the seller centre", "kit_v1、kit_v2 协议族需要：请提供 RSA 私钥（不小于 3072 位），其公钥已填入卖家中心"}
	msgRSA      = text{"is no RSA key of 3072 bits or more in PEM: make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`", "不是不小于 3072 位的 PEM 格式 RSA 私钥：可用 `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072` 生成"}
	msgActivity = text{"%q is no activity whose answer can wait: use one of %s", "%q 不是可以等待完成再应答的接口：请使用 %s 之一"}

	msgMeterName   = text{"is missing: a meter has a name of 1 to 64 characters; give one, or remove the meter", "缺失：计量项需要 1 至 64 个字符的名称，请填写或删除该计量项"}
	msgMeterWindow = text{"%v is no window: use 1h or 24h", "%v 不是可用的窗口：请使用 1h 或 24h"}
	msgMeterBill   = text{"hourly cannot hold windows of 24h, whose usage would miss every bill but one: use bill daily, or window 1h", "hourly 与 24h 的窗口不相容，用量将错过按小时出账：请改用 bill daily 或 window 1h"}

	msgDemo  = text{"is the public demo value: make your own with `koogate keys new`; everybody knows this one", "是公开的演示值：人人皆知，请用 `koogate keys new` 生成自己的值"}
	msgShort = text{"has %d characters: use at least %d; `koogate keys new` makes one", "只有 %d 个字符：至少需要 %d 个，可用 `koogate keys new` 生成"}
)
