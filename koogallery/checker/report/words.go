// SPDX-License-Identifier: Apache-2.0

package report

import "github.com/koogate/koogate/koogallery/checker/rule"

// words are the labels of the forms.
var words = map[string]rule.Text{
	"title":      {ZH: "生产接口检查报告", EN: "Report of a check"},
	"target":     {ZH: "生产地址", EN: "address"},
	"families":   {ZH: "协议族", EN: "families"},
	"when":       {ZH: "时间", EN: "when"},
	"calls":      {ZH: "调用次数", EN: "calls"},
	"seed":       {ZH: "种子", EN: "seed"},
	"mode":       {ZH: "方式", EN: "calls were"},
	"deep":       {ZH: "生产调用（--deep）", EN: "production calls (--deep)"},
	"safe":       {ZH: "仅调试调用（testFlag=1）", EN: "debugging calls only (testFlag=1)"},
	"start":      {ZH: "先改这些", EN: "Start here"},
	"failed":     {ZH: "被违反", EN: "broken"},
	"unknown":    {ZH: "无法判定", EN: "could not be found out"},
	"held":       {ZH: "成立", EN: "hold"},
	"sentence":   {ZH: "规则", EN: "must hold"},
	"seen":       {ZH: "实际看到", EN: "seen"},
	"cost":       {ZH: "后果", EN: "costs"},
	"remedy":     {ZH: "改法", EN: "remedy"},
	"source":     {ZH: "依据", EN: "source"},
	"patience":   {ZH: "重试窗口", EN: "patience"},
	"exchanges":  {ZH: "最近的调用与应答", EN: "the last calls and answers"},
	"answered":   {ZH: "应答", EN: "answer"},
	"no-answer":  {ZH: "没有应答", EN: "no answer"},
	"again":      {ZH: "复查这一条", EN: "check this one again"},
	"severities": {ZH: "严重程度", EN: "Severities"},
	"secrets":    {ZH: "密钥、签名、访问信息和个人信息已替换为 ***。", EN: "Keys, signatures, access information and personal data are replaced by ***."},
	"dates":      {ZH: "依据的日期是文档页面自身的日期；seen = 见于文档，sample = 见于官方示例工程，inferred = 文档未写明。", EN: "Dates are the pages' own; seen = on a page, sample = in the published sample project, inferred = the documents leave it open."},
}
