// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"slices"

	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
)

// knowing are the families that know an activity.
func knowing(a judge.Activity) []judge.Family {
	return slices.DeleteFunc(judge.Families(), func(f judge.Family) bool { return !f.Knows(a) })
}

// v1 are the families whose access information is encrypted.
func v1() []judge.Family { return []judge.Family{judge.FamilySaasV1, judge.FamilyKitV1} }

// form returns a rule about the form of an answer of some families.
func form(id string, s rule.Severity, families []judge.Family, sources []string, kinds []judge.Kind, texts [6]string) rule.Rule {
	return rule.Rule{
		ID: id, Severity: s, Families: families, Source: sources, Find: objected(kinds...),
		Sentence: rule.Text{ZH: texts[0], EN: texts[1]}, Cost: rule.Text{ZH: texts[2], EN: texts[3]}, Remedy: rule.Text{ZH: texts[4], EN: texts[5]},
	}
}

var contentType = form("answers-are-json-by-type", rule.Breaks, nil, []string{"answer-content-type"}, []judge.Kind{judge.KindContentType}, [6]string{
	"每个应答的 Content-Type 是 application/json。",
	"Every answer has the Content-Type application/json.",
	"云商店无法解析应答，调用失败：订单会被重试并最终退订。",
	"The marketplace cannot read the answer and the call fails: the order is repeated and refunded in the end.",
	"为所有应答（包括错误）设置 Content-Type: application/json。",
	"Set Content-Type: application/json on every answer, errors included.",
})

var object = form("answers-are-json", rule.Breaks, nil, []string{"answer-content-type", "notify-gap"}, []judge.Kind{judge.KindJSON, judge.KindLength}, [6]string{
	"每个应答体是一个 UTF-8 编码的 JSON 对象，且不超过 1 MiB。",
	"The body of every answer is one JSON object in UTF-8, of no more than 1 MiB.",
	"云商店无法解析应答，调用失败；订单通知文档中的示例末尾多一个逗号，照抄就不是 JSON。",
	"The marketplace cannot read the answer and the call fails. The example on the page of order notifications ends with a comma: copied, it is no JSON.",
	"用 JSON 库生成应答，不要拼接字符串；使用 UTF-8 且不带 BOM。",
	"Have a JSON library write the answer instead of joining texts; use UTF-8 without a byte order mark.",
})

var code = form("result-code-is-text", rule.Breaks, nil, []string{"result-codes"}, []judge.Kind{judge.KindCode}, [6]string{
	"每个应答都有字符串类型的 resultCode。",
	"Every answer has a resultCode, which is a text.",
	"云商店看不到结果，调用失败；数字 0 不是 \"000000\"。",
	"The marketplace sees no outcome and the call fails; the number 0 is not \"000000\".",
	"始终返回六位字符串的 resultCode，例如 \"000000\"。",
	"Always answer resultCode as a text of six digits, such as \"000000\".",
})

var message = form("result-message-is-there", rule.Refused, nil, []string{"result-msg"}, []judge.Kind{judge.KindMessage}, [6]string{
	"每个应答都有非空的 resultMsg。",
	"Every answer has a resultMsg that is not empty.",
	"参数表写的是可选，但云商店的接口调试会拒绝没有 resultMsg 的应答。",
	"The tables call it optional, but the marketplace's debugging refuses an answer without it.",
	"成功时返回 \"success\"，失败时返回简短原因。",
	"Answer \"success\" for a success and a short reason for a failure.",
})

var messageLong = form("result-message-is-short", rule.Refused, nil, []string{"result-msg"}, []judge.Kind{judge.KindMessageLong}, [6]string{
	"resultMsg 不超过 255 个字符。",
	"resultMsg has at most 255 characters.",
	"超长的应答不符合接口定义，云商店会拒绝；堆栈信息还会泄露内部细节。",
	"A longer one breaks the interface and is refused; a stack trace also tells strangers about your inside.",
	"截断到 255 个字符，不要返回异常堆栈。",
	"Cut it to 255 characters, and never answer with the trace of an exception.",
})

var id = form("instance-id-is-there", rule.Breaks, knowing(judge.ActivityNew), []string{"new-instance-id-with-processing", "instance-id"}, []judge.Kind{judge.KindID}, [6]string{
	"newInstance 成功（000000 或 000004）时一定返回 instanceId。",
	"newInstance answers with an instanceId whenever it succeeds, be it with 000000 or 000004.",
	"云商店不知道实例是哪一个：无法查询、续费和释放，订单失败。",
	"The marketplace does not know the instance: it can neither query nor renew nor release it, and the order fails.",
	"先生成并保存 instanceId，再应答；异步开通（000004）时同样返回。",
	"Make and store the instanceId before you answer, and return it with 000004 as well.",
})

var idLong = form("instance-id-is-short", rule.Breaks, knowing(judge.ActivityNew), []string{"instance-id", "lengths"}, []judge.Kind{judge.KindIDLong}, [6]string{
	"instanceId 不超过 64 个字符。",
	"instanceId has at most 64 characters.",
	"云商店存不下这个 ID，订单失败，而商家这边实例已经存在。",
	"The marketplace cannot store the ID: the order fails while the instance exists on your side.",
	"使用 UUID 或首次调用的 businessId 作为 instanceId。",
	"Use a UUID, or the businessId of the first call.",
})

var info = form("query-info-is-a-list", rule.Breaks, knowing(judge.ActivityQuery), []string{"query-poll", "query-id-list"}, []judge.Kind{judge.KindInfo}, [6]string{
	"queryInstance 的 info 是对象数组，每个元素都有 instanceId。",
	"info of queryInstance is an array of objects, and each has its instanceId.",
	"云商店看不到实例信息，会一直轮询直到订单失败。",
	"The marketplace does not see the instance and asks again until the order fails.",
	"即使只有一个实例也返回数组，并在每个元素中写上 instanceId。",
	"Answer with an array even for a single instance, and name the instanceId in each element.",
})

var shown = form("query-shows-what-was-asked", rule.Breaks, v1(), []string{"query-unknown", "query-id-list"}, []judge.Kind{judge.KindShown}, [6]string{
	"queryInstance 只返回被查询的实例，每个一次，一个不少。",
	"queryInstance shows the instances that were asked for, each of them once, and no other.",
	"买家看不到自己的实例，或者看到别人的实例。",
	"A buyer does not see his own instance, or sees somebody else's.",
	"按逗号拆分 instanceId，逐个查找并按请求返回。",
	"Split instanceId at the commas, look each one up, and return those.",
})

var access = form("access-has-a-front-end", rule.Refused, knowing(judge.ActivityQuery), []string{"app-info-optional", "v1-mandatory-answer"}, []judge.Kind{judge.KindAccess}, [6]string{
	"appInfo 是对象，且包含 frontEndUrl。",
	"appInfo is an object with a frontEndUrl.",
	"买家在“已购买的服务”里没有入口；接口调试不通过。",
	"The buyer finds no way in under the purchased services, and debugging does not pass.",
	"返回 appInfo.frontEndUrl；如果通过短信或邮件交付，就完全不返回 appInfo（仅 V2）。",
	"Return appInfo.frontEndUrl, or leave appInfo out altogether if you deliver by mail or text message (V2 only).",
})

var accessLong = form("access-fits", rule.Refused, knowing(judge.ActivityQuery), []string{"lengths", "lengths-of-v2-answers", "aes-length"}, []judge.Kind{judge.KindAccessLong}, [6]string{
	"appInfo 的各字段是字符串且不超长：URL 512，userName 和 password 128（V1 指密文），memo 1024。",
	"The members of appInfo are texts within their lengths: URLs 512, userName and password 128 (of the ciphertext in V1), memo 1024.",
	"云商店会拒绝超长字段，订单停在“开通中”。",
	"The marketplace refuses what is longer, and the order stays at being opened.",
	"返回前检查长度；V1 的限制针对加密后的文本。",
	"Check the lengths before you answer; those of V1 are the lengths after encryption.",
})

var usage = form("usage-has-its-form", rule.Breaks, knowing(judge.ActivityQuery), []string{"usage-info"}, []judge.Kind{judge.KindUsage}, [6]string{
	"usageInfo 是数组，usageValue 是最多 4 位小数的数字，statisticalTime 是 17 位 UTC 时间。",
	"usageInfo is an array, usageValue a number with at most 4 decimals, statisticalTime 17 digits in UTC.",
	"买家看不到用量，或看到错误的用量；接口调试不通过。",
	"The buyer sees no usage or a wrong one, and debugging does not pass.",
	"usageValue 返回数字而不是字符串，statisticalTime 用 yyyyMMddHHmmssSSS。",
	"Answer usageValue as a number, not as a text, and statisticalTime as yyyyMMddHHmmssSSS.",
})

var cipher = form("access-can-be-decrypted", rule.Breaks, v1(), []string{"aes-form", "aes-key", "aes-type-of-answers"}, []judge.Kind{judge.KindCipher}, [6]string{
	"V1 应答中的 userName 和 password 按 encryptType（1 或 2）用访问密钥加密，能够解密。",
	"userName and password of a V1 answer are encrypted with the access key as encryptType says (1 or 2), and can be decrypted.",
	"买家拿到的账号密码是乱码，无法登录。",
	"The buyer gets an account that nobody can read, and cannot log in.",
	"使用 iv（16 个字符）+ Base64(AES-CBC)，密钥由访问密钥按文档方式推导，encryptType 与密钥长度一致。",
	"Use iv (16 characters) + Base64(AES-CBC) with the key derived from the access key as the pages say, and let encryptType name its length.",
})

var license = form("license-is-there", rule.Breaks, []judge.Family{judge.FamilyLicenseV1}, []string{"get-license-answer"}, []judge.Kind{judge.KindLicense}, [6]string{
	"getLicense 成功时返回非空的 license。",
	"getLicense returns a license that is not empty when it succeeds.",
	"买家付了款却没有拿到 License，订单失败。",
	"The buyer has paid and gets no licence; the order fails.",
	"在应答中返回 license；还没有生成好就返回失败码，等待重试。",
	"Return license in the answer; if it is not made yet, answer with a failure and wait for the repetition.",
})
