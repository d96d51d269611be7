// SPDX-License-Identifier: Apache-2.0

package judge

// saasV2 reads an answer as the marketplace's debugger does (saas-v2 §8.3): HTTP
// status, content type, resultCode and resultMsg, the fields that the activity
// must return, and the time taken. An objection that would not make the
// production call fail leaves the outcome at ok.
func (c *judgement) saasV2() {
	answer, ok := c.read()
	if !ok {
		return
	}
	switch {
	case c.Activity == ActivityNew:
		c.judgeNew(answer)
	case c.Activity == ActivityQuery && c.Processing():
		c.Outcome = OutcomePending
	case !c.Succeeded():
	case c.Activity == ActivityQuery:
		c.judgeQuery(answer)
	default:
		c.Outcome = OutcomeOK
	}
}

// judgeNew: success needs an instance id, also with 000004 (saas-v2 §5.1). A
// debugging call has to answer 000000.
func (c *judgement) judgeNew(answer Members) {
	id, _ := answer.Text("instanceId")
	c.InstanceID = Shorten(id, maxInstanceID)
	switch {
	case c.Processing() && c.Test:
		return
	case !c.Succeeded() && !c.Processing():
		return
	case id == "":
		c.fault(KindID, "没有 instanceId，或它不是字符串", "instanceId is missing or no string")
		return
	case id != c.InstanceID:
		c.fault(KindIDLong, "instanceId 超过 %d 个字符", "instanceId is longer than %d characters", maxInstanceID)
		return
	}
	c.Outcome = OutcomeOK
}

// plain judges the answer of a call that returns a result code and nothing
// else.
func (c *judgement) plain() {
	if _, ok := c.read(); ok && c.Succeeded() {
		c.Outcome = OutcomeOK
	}
}

// online: newInstance is repeated while it answers 000004; getLicenseAsync
// may answer 000004 for good, as the licence is uploaded (saas-v1 §6).
func (c *judgement) online() {
	answer, ok := c.read()
	if !ok {
		return
	}
	switch {
	case c.Activity == ActivityNew:
		c.judgeNew(answer)
		if c.Outcome == OutcomeOK && c.Processing() {
			c.Outcome = OutcomePending
		}
	case c.Succeeded(), c.Processing() && c.Activity == ActivityLicenseAsync:
		c.Outcome = OutcomeOK
	}
}
