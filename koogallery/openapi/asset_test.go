// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/openapi"
)

func TestAssetDeployedObject(t *testing.T) {
	t.Parallel()
	var query url.Values
	const data = `[{"asset_id":"a","deployed_type":"software_package","version":"V1.0","version_id":"v","region":"cn-north-4",
		"image_deployed_object":null,"software_pkg_deployed_object":{"package_name":"p.zip","internal_path":"https://obs.example.com/p.zip?a=1\\u0026b=2","checksum":"c"},"x":1},
		{"asset_id":"a","deployed_type":"image","image_deployed_object":[{"image_id":"i","image_name":"n","os_type":"Linux","create_time":"t","architecture":"x86"}],"software_pkg_deployed_object":[]}]`
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/api/mkp-openapi-public/v1/asset/deployed-object" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		query = r.URL.Query()
		reply(200, `{"error_code":"MKT.0000","error_msg":"Success","data":`+data+`}`)(w, r)
	})
	c := newClient(t, config(m.URL))
	list, err := c.AssetDeployedObject(t.Context(), openapi.AssetQuery{
		AssetID: "a", DeployedType: openapi.DeployedSoftwarePackage, Region: "cn-north-4", AssetVersion: "V1.0", QueryAll: true,
	})
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	if query.Encode() != "asset_id=a&asset_version=V1.0&deployed_type=software_package&query_all=true&region=cn-north-4" {
		t.Errorf("query %s", query.Encode())
	}
	want := openapi.SoftwarePackageObject{PackageName: "p.zip", InternalPath: "https://obs.example.com/p.zip?a=1&b=2", Checksum: "c"}
	if o := list[0]; o.AssetID != "a" || o.DeployedType != openapi.DeployedSoftwarePackage || o.Version != "V1.0" || o.VersionID != "v" ||
		o.Region != "cn-north-4" || o.Image != nil || o.SoftwarePackage == nil || *o.SoftwarePackage != want {
		t.Errorf("%+v", o)
	}
	image := openapi.ImageObject{ImageID: "i", ImageName: "n", OSType: "Linux", CreateTime: "t", Architecture: "x86"}
	if o := list[1]; o.SoftwarePackage != nil || o.Image == nil || *o.Image != image {
		t.Errorf("%+v", o)
	}
	if _, err := c.AssetDeployedObject(t.Context(), openapi.AssetQuery{AssetID: "a", DeployedType: openapi.DeployedImage}); err != nil {
		t.Error(err)
	}
	if query.Encode() != "asset_id=a&deployed_type=image" {
		t.Errorf("query %s", query.Encode())
	}
}

func TestAssetFailures(t *testing.T) {
	t.Parallel()
	q := openapi.AssetQuery{AssetID: "a", DeployedType: openapi.DeployedImage}
	for _, data := range []string{`"canary"`, `["canary"]`, `[{"asset_id":{}}]`, `[{"image_deployed_object":"canary"}]`, `[{"software_pkg_deployed_object":[7]}]`} {
		m := serve(t, reply(200, `{"error_code":"MKT.0000","data":`+data+`}`))
		_, err := newClient(t, config(m.URL)).AssetDeployedObject(t.Context(), q)
		if !errors.Is(err, openapi.ErrResponse) || openapi.Retryable(err) {
			t.Errorf("%s: %v", data, err)
		}
		assertClean(t, err.Error())
	}
	for _, data := range []string{`null`, `[]`} {
		m := serve(t, reply(200, `{"error_code":"MKT.0000","data":`+data+`}`))
		if list, err := newClient(t, config(m.URL)).AssetDeployedObject(t.Context(), q); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", data, list, err)
		}
	}
	m := serve(t, reply(403, `{"error_code":"CBC.0150","error_msg":"no"}`))
	c := newClient(t, config(m.URL))
	if _, err := c.AssetDeployedObject(t.Context(), q); !openapi.HasCode(err, openapi.SuffixNotPermitted) {
		t.Error(err)
	}
	long := strings.Repeat("x", 65)
	for _, bad := range []openapi.AssetQuery{
		{}, {AssetID: "a"}, {DeployedType: "image"}, {AssetID: long, DeployedType: "image"}, {AssetID: "a", DeployedType: openapi.DeployedType(long)},
		{AssetID: "a", DeployedType: "image", Region: long}, {AssetID: "a", DeployedType: "image", AssetVersion: "a\n"},
	} {
		if _, err := c.AssetDeployedObject(t.Context(), bad); !errors.Is(err, openapi.ErrArgument) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if m.calls.Load() != 1 {
		t.Error("a request was sent")
	}
}
