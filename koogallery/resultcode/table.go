// SPDX-License-Identifier: Apache-2.0

package resultcode

// module is the column of that name in the documents.
type module int

const (
	moduleCommon module = iota
	moduleCreation
	moduleLicense
)

// entry is one row of the table of result codes.
type entry struct {
	code   Code
	module module
	en, zh string
}

// table returns the documented codes in ascending order.
func table() [18]entry {
	return [...]entry{
		{Success, moduleCommon, "success", "成功"},
		{AuthFailed, moduleCommon, "authentication failed", "鉴权失败"},
		{InvalidParam, moduleCommon, "invalid request parameters", "请求参数不合法"},
		{InstanceNotFound, moduleCommon, "instance ID does not exist", "实例ID不存在"},
		{Processing, moduleCommon, "request is being processed", "请求处理中"},
		{Internal, moduleCommon, "other internal service error", "其它服务内部错误"},
		{NoResource, moduleCreation, "no instance resource can be allocated", "无可用实例资源分配"},
		{MobileInvalid, moduleCreation, "mobile number not specified or already exists", "手机号为空或重复"},
		{EmailInvalid, moduleCreation, "email address not specified or already exists", "邮箱为空或重复"},
		{AlreadyPurchased, moduleCreation, "product already purchased", "商品不可重复购买"},
		{ProductInternal, moduleCreation, "internal service error of the product", "商品内部服务错误"},
		{AlreadySubscribed, moduleCreation, "account has already subscribed to the benefits", "账号已订购权益"},
		{SoldOut, moduleCreation, "product resources are sold out", "商品资源已售罄"},
		{EmailDomainExists, moduleCreation, "SaaS email domain already exists", "SaaS邮箱域名重复"},
		{LicenseQuotaUsedUp, moduleLicense, "license quota of the current order is exhausted", "当前订单的License额度已用尽"},
		{LicenseOutsideOrder, moduleLicense, "outside the validity of the order", "不在订单有效期内"},
		{LicenseNeedsExpiry, moduleLicense, "a period license needs an expiry time", "包周期License需要失效时间"},
		{LicenseNeedsFingerprint, moduleLicense, "device fingerprint or hardware code is required", "需要设备指纹或硬件码"},
	}
}

func lookup(c Code) (entry, bool) {
	for _, e := range table() {
		if e.code == c {
			return e, true
		}
	}
	return entry{}, false
}

func list(m module) []Code {
	var codes []Code
	for _, e := range table() {
		if e.module == m {
			codes = append(codes, e.code)
		}
	}
	return codes
}
