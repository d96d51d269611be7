// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// assetPath is the open API behind automatic deployment (kit §D).
const assetPath = "/api/mkp-openapi-public/v1/asset/deployed-object"

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
func (s *Server) assetQuery(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueryBody))
	if err != nil {
		return reply{}, &refuseRequest
	}
	if refused := s.authenticate(r, body); refused != nil {
		return reply{}, refused
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	id, typ, region, version := q.Get("asset_id"), q.Get("deployed_type"), q.Get("region"), q.Get("asset_version")
	if err != nil || id == "" || (typ != catalogue.AssetImage && typ != catalogue.AssetSoftware) {
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
		found = append(found, wireOf(a))
	}
	return reply{status: http.StatusOK, code: acceptUsage.code, body: wireLicense{acceptUsage.code, acceptUsage.message, found}}, nil
}

func wireOf(a catalogue.Asset) wireAsset {
	out := wireAsset{ID: a.ID, Type: a.Type, Version: a.Version, VersionID: a.VersionID, Region: a.Region}
	if a.Type == catalogue.AssetImage {
		out.Image = &wireImage{a.ImageID, a.ImageName, a.OSType, a.CreateTime, a.Architecture}
		return out
	}
	out.Software = &wireSoftware{a.PackageName, escapedPath(a.Path), a.Checksum}
	return out
}

// escapedPath leaves the escape of an ampersand in the text, as the real service
// does: the template has to decode it (kit §D).
func escapedPath(path string) string { return strings.ReplaceAll(path, "&", `\u0026`) }
