// SPDX-License-Identifier: Apache-2.0

package errs

import (
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Guide is what a caller can do about a reason. It is the same for every error of the reason.
type Guide struct {
	Kinds     []Kind // as which errors of the reason come
	Retryable bool   // the same call, sent again later, may succeed without anything else being changed
	Remedy    string // what to do, in English; names no field, for REST and gRPC name them otherwise
	RemedyZH  string // the same in Chinese
}

// MetaRetryable is the key under which the metadata of an error of the internal API says whether the call may succeed when it is
// sent again: "true" or "false".
const MetaRetryable = "retryable"

// Page is the address of docs/errors.md, which has a heading for each reason.
const Page = "https://github.com/koogate/koogate/blob/main/docs/errors.md"

// GuideTo returns the guide to a reason; ok is false for a reason that the contract does not list.
func GuideTo(r Reason) (g Guide, ok bool) {
	g, ok = guides[r]
	return g, ok
}

// Guided returns the status of an error of the internal API with what its caller can do: whether the call may be sent again in the
// metadata of its ErrorInfo, a link to the reason's place in [Page] as google.rpc.Help, and the remedy in English and Chinese as
// google.rpc.LocalizedMessage. A status without a reason of the contract, and one that is guided already, are returned as they are.
func Guided(s *status.Status) *status.Status {
	p := s.Proto()
	for i, detail := range p.GetDetails() {
		info := &errdetails.ErrorInfo{}
		if !detail.MessageIs(info) || detail.UnmarshalTo(info) != nil {
			continue
		}
		g, ok := GuideTo(Reason(info.GetReason()))
		if _, guided := info.GetMetadata()[MetaRetryable]; !ok || guided || info.GetDomain() != Domain {
			return s
		}
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata[MetaRetryable] = "false"
		if g.Retryable {
			info.Metadata[MetaRetryable] = "true"
		}
		if detail.MarshalFrom(info) != nil {
			return s
		}
		p.Details[i] = detail
		for _, m := range []proto.Message{
			&errdetails.Help{Links: []*errdetails.Help_Link{{
				Description: "What " + info.GetReason() + " means", Url: Page + "#" + strings.ToLower(info.GetReason()),
			}}},
			&errdetails.LocalizedMessage{Locale: "en", Message: g.Remedy},
			&errdetails.LocalizedMessage{Locale: "zh-CN", Message: g.RemedyZH},
		} {
			p.Details = appendDetail(p.Details, m)
		}
		return status.FromProto(p)
	}
	return s
}
