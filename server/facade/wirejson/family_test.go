// SPDX-License-Identifier: Apache-2.0

package wirejson_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/facade/wirejson"
)

func kitCodec(t testing.TB) *wirejson.Codec {
	t.Helper()
	c, err := wirejson.NewCodec(
		productionv1.File_koogate_production_v1_kit_proto.Services().ByName("KitService"),
		productionv1.File_koogate_production_v1_saas_v1_proto.Services().ByName("SaasV1Service"),
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The forms in which userList and the lists of departments come (kit §A.3, §A.5, §F5).
func TestKitLists(t *testing.T) {
	user := &productionv1.KitUser{UserName: "zhangsan01", Name: "张三", Enable: "true", ExtensionJson: `{"entryDate":"2022-11-9"}`}
	unit := func(list ...string) []*productionv1.KitDepartment {
		var ds []*productionv1.KitDepartment
		for i := 0; i < len(list); i += 3 {
			ds = append(ds, &productionv1.KitDepartment{OrgCode: list[i], Name: list[i+1], ParentCode: list[i+2]})
		}
		return ds
	}
	for name, c := range map[string]struct {
		body string
		into proto.Message
		want proto.Message
		err  string
	}{
		"users as a text": {
			body: `{"userList":"[{\"userName\":\"zhangsan01\",\"name\":\"张三\",\"enable\":\"true\",\"extension\":{\"entryDate\":\"2022-11-9\"}}]"}`,
			into: &productionv1.AuthSyncRequest{}, want: &productionv1.AuthSyncRequest{UserList: []*productionv1.KitUser{user}},
		},
		"users as an array": {
			body: `{"userList":[{"userName":"zhangsan01","name":"\u5f20\u4e09","enable":true,"extension": { "entryDate" : "2022-11-9" } }]}`,
			into: &productionv1.AuthSyncRequest{}, want: &productionv1.AuthSyncRequest{UserList: []*productionv1.KitUser{user}},
		},
		"one user, not in a list": {
			body: `{"userList":{"userName":"u"}}`,
			into: &productionv1.AuthSyncRequest{}, want: &productionv1.AuthSyncRequest{UserList: []*productionv1.KitUser{{UserName: "u"}}},
		},
		"an extension that is a text": {
			body: `{"userList":[{"userName":"u","extension":"账套 1"}]}`,
			into: &productionv1.AuthSyncRequest{}, want: &productionv1.AuthSyncRequest{UserList: []*productionv1.KitUser{{UserName: "u", ExtensionJson: "账套 1"}}},
		},
		"members nobody knows stay with their user": {
			body: `{"userList":[{"userName":"u","shoeSize":43}],"more":1}`,
			into: &productionv1.AuthSyncRequest{},
			want: &productionv1.AuthSyncRequest{UserList: []*productionv1.KitUser{{UserName: "u", ExtraJson: `{"shoeSize":43}`}}, ExtraJson: `{"more":1}`},
		},
		"the page's own unquoted form": {
			body: `{"orgInfo":"[{orgCode:\"00000001\", name:\"产品部\",parentCode:\"265789314\"},{orgCode:\"00000002\",name:\"a:b,}\",},]"}`,
			into: &productionv1.AllOrgSyncRequest{},
			want: &productionv1.AllOrgSyncRequest{OrgInfo: unit("00000001", "产品部", "265789314", "00000002", "a:b,}", "")},
		},
		"an empty list":     {body: `{"orgInfoList":[]}`, into: &productionv1.AllOrgSyncRequest{}, want: &productionv1.AllOrgSyncRequest{}},
		"an empty text":     {body: `{"orgInfo":" "}`, into: &productionv1.AllOrgSyncRequest{}, want: &productionv1.AllOrgSyncRequest{}},
		"names given twice": {body: `{"orgCode":"1","orgCode":"2"}`, into: &productionv1.SingleOrgSyncRequest{}, want: &productionv1.SingleOrgSyncRequest{OrgCode: "2"}},
		"a text that is no JSON": {
			body: `{"userList":"zhangsan01"}`, into: &productionv1.AuthSyncRequest{}, err: "userList: holds a text that is not JSON",
		},
		"a number": {body: `{"userList":7}`, into: &productionv1.AuthSyncRequest{}, err: "userList: must be an object or an array"},
		"elements that cannot be read keep their places": {
			body: `{"userList":[7,{"userName":"u"},{},null,{"userName":{"a":[1]}},[{}],{"userName":"v","extension":{"a":1}}],"more":1}`,
			into: &productionv1.AuthSyncRequest{},
			want: &productionv1.AuthSyncRequest{
				UserList: []*productionv1.KitUser{{}, {UserName: "u"}, {}, {}, {}, {}, {UserName: "v", ExtensionJson: `{"a":1}`}}, ExtraJson: `{"more":1}`,
			},
		},
		"the older page's name": {
			body: `{"orgInfoList":"{\"orgCode\":\"1\",\"OrgName\":\"产品部\"}"}`, into: &productionv1.AllOrgSyncRequest{},
			want: &productionv1.AllOrgSyncRequest{OrgInfoList: []*productionv1.KitDepartment{{OrgCode: "1", OrgNameOld: "产品部"}}},
		},
		"too many users": {
			body: `{"userList":[` + strings.Repeat(`{"userName":"u"},`, 500) + `{"userName":"u"}]}`, into: &productionv1.AuthSyncRequest{},
			err: "userList: has too many elements",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := kitCodec(t).Unmarshal([]byte(c.body), c.into)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(c.into, c.want) {
				t.Errorf("got  %v\nwant %v", c.into, c.want)
			}
		})
	}
}

func TestForm(t *testing.T) {
	var o wirejson.Object
	if err := o.Parse([]byte(`{"orderId":"CS1","endpoint":"other","extraJson":"{}","trialFlag":"","strange":"x&y","amount":7}`)); err != nil {
		t.Fatal(err)
	}
	d := (&productionv1.NewInstanceV1Request{}).ProtoReflect().Descriptor()
	got := kitCodec(t).Form(&o, d).Encode()
	want := "amount=7&extraJson=%7B%22endpoint%22%3A%22other%22%2C%22extraJson%22%3A%22%7B%7D%22%2C%22strange%22%3A%22x%26y%22%7D&orderId=CS1&trialFlag="
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDropBlank(t *testing.T) {
	var o wirejson.Object
	if err := o.Parse([]byte(`{"a":" \t","b":"","c":null,"d":"x","e":0}`)); err != nil {
		t.Fatal(err)
	}
	o.DropBlank()
	for name, want := range map[string]string{"a": "", "b": "", "c": "", "d": "x", "e": "0"} {
		if got := o.Text(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// hostile are bodies that try to cost more than they are long.
func hostile(size int) map[string][]byte {
	fill := func(head, body, tail string) []byte {
		n := (size - len(head) - len(tail)) / len(body)
		return []byte(head + strings.TrimSuffix(strings.Repeat(body, n), ",") + tail)
	}
	return map[string][]byte{
		"departments":      fill(`{"orgInfoList":[`, `{"name":"1"},`, `]}`),
		"empty objects":    fill(`{"orgInfoList":[`, `{},`, `]}`),
		"unquoted text":    fill(`{"orgInfo":"[`, `{name:1},`, `]"}`),
		"unquoted names":   fill(`{"orgInfo":"[{`, `a:1,`, `}]"}`),
		"escapes":          fill(`{"orgInfo":"[{`, `\u0061:1,`, `}]"}`),
		"users":            fill(`{"userList":[`, `{"role":""},`, `]}`),
		"unknown members":  fill(`{"userList":[{"role":"",`, `"a":1,`, `}]}`),
		"members at top":   fill(`{`, `"a":1,`, `}`),
		"nested extension": fill(`{"userList":[{"extension":`, `[`, `}]}`),
		"commas":           fill(`{"orgInfo":"[`, `,`, `]"}`),
	}
}

// cost returns how many bytes decoding allocates.
func cost(c *wirejson.Codec, body []byte) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = c.Unmarshal(body, &productionv1.AllOrgSyncRequest{})
	_ = c.Unmarshal(body, &productionv1.AuthSyncRequest{})
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / 2
}

// Reading a list allocates at most sixteen times what came in.
func TestListAllocation(t *testing.T) {
	c := kitCodec(t)
	for name, body := range hostile(1 << 20) {
		if got := cost(c, body); got > 16*uint64(len(body)) {
			t.Errorf("%s: %d bytes for %d, %.1f times", name, got, len(body), float64(got)/float64(len(body)))
		}
	}
}

func FuzzKitList(f *testing.F) {
	for _, body := range hostile(300) {
		f.Add(body)
	}
	f.Add([]byte(`{"orgInfo":"[{orgCode:\"00000001\", name:\"产品部\",parentCode:\"265789314\"}]"}`))
	f.Add([]byte(`{"userList":[{"userName":"u","extension":{"a":[1,2]}}]}`))
	c := kitCodec(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var users, again productionv1.AuthSyncRequest
		if c.Unmarshal(body, &users) == nil {
			out, err := c.Marshal(&users)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Unmarshal(out, &again); err != nil && !bytes.Contains(out, []byte("{}")) { // an element of empty texts is written as {}
				t.Fatalf("%v in what was written: %s", err, out)
			}
		}
		_ = c.Unmarshal(body, &productionv1.AllOrgSyncRequest{})
		if got := cost(c, body); got > 16*uint64(len(body))+512<<10 {
			t.Fatalf("%d bytes for %d", got, len(body))
		}
	})
}

// A usage is a number on the wire (saas-v2 §5.2), whatever else would be in its place is a text.
func TestNumbers(t *testing.T) {
	c := kitCodec(t)
	for value, want := range map[string]string{
		"0": `0`, "12.5": `12.5`, "99999999.9999": `99999999.9999`, "01": `"01"`, "1 ": `"1 "`, "x": `"x"`, "-": `"-"`,
	} {
		got, err := c.Marshal(&productionv1.QueryInstanceV1Response{
			ResultCode: "000000", Info: []*productionv1.InstanceInfo{{UsageInfo: []*productionv1.UsageInfo{{UsageValueNumber: value}}}},
		})
		if err != nil || string(got) != `{"resultCode":"000000","info":[{"usageInfo":[{"usageValue":`+want+`}]}]}` {
			t.Errorf("%q: %s, %v", value, got, err)
		}
	}
}
