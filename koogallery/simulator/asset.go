// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// assetPath is the open API behind automatic deployment (kit §D).
const assetPath = "/api/mkp-openapi-public/v1/asset/deployed-object"

// Kinds of assets (kit §D).
const (
	AssetImage    = "image"
	AssetSoftware = "software_package"
)

// Asset is one version of a hosted asset in one region: a machine image or a
// software package.
type Asset struct {
	ID        string
	Type      string // AssetImage or AssetSoftware
	Version   string // for example V1.0
	VersionID string
	Region    string

	// Of an image:
	ImageID, ImageName, OSType, Architecture, CreateTime string

	// Of a software package. Path is sent with its ampersands escaped, as the real
	// service does.
	PackageName, Path, Checksum string
}

// DemoAssets returns the assets that are known unless Config.Assets names others.
func DemoAssets() []Asset {
	return []Asset{
		{
			ID: "asset-software-demo", Type: AssetSoftware, Version: "V1.0", VersionID: "version-software-1", Region: "cn-north-4",
			PackageName: "demo-1.0.zip", Path: "https://assets.example.com/demo-1.0.zip?a=1&b=2", Checksum: token("demo-1.0.zip"),
		},
		{
			ID: "asset-software-demo", Type: AssetSoftware, Version: "V1.1", VersionID: "version-software-2", Region: "cn-north-4",
			PackageName: "demo-1.1.zip", Path: "https://assets.example.com/demo-1.1.zip?a=1&b=2", Checksum: token("demo-1.1.zip"),
		},
		{
			ID: "asset-image-demo", Type: AssetImage, Version: "V1.0", VersionID: "version-image-1", Region: "cn-north-4",
			ImageID: "7f141bf1-aec8-4859-8323-fb3a8ad50721", ImageName: "demo-image", OSType: "Linux", Architecture: "x86",
			CreateTime: "2026-01-01T00:00:00Z",
		},
	}
}

type wireAsset struct {
	ID        string        `json:"asset_id"`
	Type      string        `json:"deployed_type"`
	Version   string        `json:"version"`
	VersionID string        `json:"version_id"`
	Region    string        `json:"region"`
	Image     *wireImage    `json:"image_deployed_object,omitempty"`
	Software  *wireSoftware `json:"software_pkg_deployed_object,omitempty"`
}

type wireImage struct {
	ID           string `json:"image_id"`
	Name         string `json:"image_name"`
	OSType       string `json:"os_type"`
	CreateTime   string `json:"create_time"`
	Architecture string `json:"architecture"`
}

type wireSoftware struct {
	Name     string `json:"package_name"`
	Path     string `json:"internal_path"`
	Checksum string `json:"checksum"`
}

// assetQuery returns the deployed objects of an asset: of the version asked for,
// of all versions with query_all, else of the latest one.
func (s *Simulator) assetQuery(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueryBody))
	if err != nil {
		return reply{}, &refuseRequest
	}
	if refused := s.authenticate(r, body); refused != nil {
		return reply{}, refused
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	id, typ, region, version := q.Get("asset_id"), q.Get("deployed_type"), q.Get("region"), q.Get("asset_version")
	if err != nil || id == "" || (typ != AssetImage && typ != AssetSoftware) {
		return reply{}, &refuseParameter
	}
	found := make([]wireAsset, 0, 1)
	for _, a := range s.cfg.Assets {
		if a.ID != id || a.Type != typ || (region != "" && a.Region != region) || (version != "" && a.Version != version) {
			continue
		}
		if version == "" && q.Get("query_all") != "true" && len(found) > 0 && found[len(found)-1].Version != a.Version {
			found = found[:0] // the list is in the order of the versions
		}
		found = append(found, a.wire())
	}
	return reply{status: http.StatusOK, code: acceptUsage.code, body: wireLicense{acceptUsage.code, acceptUsage.message, found}}, nil
}

func (a Asset) wire() wireAsset {
	out := wireAsset{ID: a.ID, Type: a.Type, Version: a.Version, VersionID: a.VersionID, Region: a.Region}
	if a.Type == AssetImage {
		out.Image = &wireImage{a.ImageID, a.ImageName, a.OSType, a.CreateTime, a.Architecture}
		return out
	}
	out.Software = &wireSoftware{a.PackageName, escapedPath(a.Path), a.Checksum}
	return out
}

// escapedPath leaves the escape of an ampersand in the text, as the real service
// does: the template has to decode it (kit §D).
func escapedPath(path string) string { return strings.ReplaceAll(path, "&", `\u0026`) }
