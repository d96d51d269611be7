// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// AssetPath is the path of the interface behind automatic deployment (kit §D).
const AssetPath = "/api/mkp-openapi-public/v1/asset/deployed-object"

// DeployedType is the kind of an asset. Unknown values are passed on.
type DeployedType string

// Kinds of assets (kit §D).
const (
	DeployedSoftwarePackage DeployedType = "software_package"
	DeployedImage           DeployedType = "image"
)

// AssetQuery selects deployed objects of an asset. Texts have at most MaxID characters.
type AssetQuery struct {
	AssetID      string       // required
	DeployedType DeployedType // required
	Region       string       // optional
	AssetVersion string       // optional, for instance V1.0
	QueryAll     bool         // undocumented; sent only if true
}

// DeployedObject is one version of an asset in one region. All fields may be empty.
type DeployedObject struct {
	AssetID      string
	DeployedType DeployedType
	Version      string
	VersionID    string
	Region       string

	// Image is set for an image, SoftwarePackage for a software package.
	Image           *ImageObject
	SoftwarePackage *SoftwarePackageObject
}

// ImageObject is a machine image.
type ImageObject struct {
	ImageID, ImageName, OSType, Architecture string

	// CreateTime is as received; its form is not documented.
	CreateTime string
}

// SoftwarePackageObject is a software package. Formatting and logging leave out
// the path, which may grant access.
type SoftwarePackageObject struct {
	PackageName string

	// InternalPath is the address for the download from within the cloud, with the
	// JSON escapes removed that the marketplace leaves in it.
	InternalPath string `json:"-"`

	Checksum string
}

// Format implements fmt.Formatter; every verb prints the name only.
func (p SoftwarePackageObject) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.text()) }

// LogValue implements slog.LogValuer with the name only.
func (p SoftwarePackageObject) LogValue() slog.Value { return slog.StringValue(p.text()) }

func (p SoftwarePackageObject) text() string {
	return fmt.Sprintf("openapi.SoftwarePackageObject{%.64q}", p.PackageName)
}

// AssetDeployedObject returns where an asset is to be found (kit §D). Attempts
// and hosts are as for QueryOrder. There may be no objects. An object that cannot
// be read is left out and costs none of the others.
//
// Errors: ErrArgument if a required field is empty or one is unusable; otherwise
// an *Error, which matches ErrResponse if none of the objects can be read.
func (c *Client) AssetDeployedObject(ctx context.Context, q AssetQuery) ([]DeployedObject, error) {
	if !validID(q.AssetID) || !validID(string(q.DeployedType)) ||
		(q.Region != "" && !validID(q.Region)) || (q.AssetVersion != "" && !validID(q.AssetVersion)) {
		return nil, ErrArgument
	}
	query := url.Values{"asset_id": {q.AssetID}, "deployed_type": {string(q.DeployedType)}}
	if q.Region != "" {
		query.Set("region", q.Region)
	}
	if q.AssetVersion != "" {
		query.Set("asset_version", q.AssetVersion)
	}
	if q.QueryAll {
		query.Set("query_all", "true")
	}
	answer, err := c.attempt(ctx, call{
		name: callAsset, method: http.MethodGet, path: AssetPath, query: query, contentType: ContentType,
	})
	if err != nil {
		return nil, err
	}
	e, failure := c.judge(callAsset, answer)
	if failure != nil {
		return nil, failure
	}
	objects, err := decodeObjects(e.Data)
	if err != nil {
		failure = answer.failure(callAsset)
		failure.Message, failure.err = err.Error(), err
		return nil, failure
	}
	return objects, nil
}

func decodeObjects(data json.RawMessage) ([]DeployedObject, error) {
	list, ok := oneOrMany(data)
	if !ok {
		return nil, badField("data")
	}
	objects := make([]DeployedObject, 0, len(list))
	var unread error // of the first element that cannot be read
	for i, raw := range list {
		o, err := decodeDeployed(raw, fmt.Sprintf("data[%d]", i))
		if err != nil {
			unread = cmp.Or(unread, err)
			continue
		}
		objects = append(objects, o)
	}
	if len(objects) == 0 {
		return nil, unread
	}
	return objects, nil
}

func decodeDeployed(raw json.RawMessage, path string) (DeployedObject, error) {
	var w struct {
		AssetID      text            `json:"asset_id"`
		DeployedType text            `json:"deployed_type"`
		Version      text            `json:"version"`
		VersionID    text            `json:"version_id"`
		Region       text            `json:"region"`
		Image        json.RawMessage `json:"image_deployed_object"`
		Package      json.RawMessage `json:"software_pkg_deployed_object"`
	}
	if err := decodeObject(raw, &w, path); err != nil {
		return DeployedObject{}, err
	}
	o := DeployedObject{
		AssetID: string(w.AssetID), DeployedType: DeployedType(w.DeployedType),
		Version: string(w.Version), VersionID: string(w.VersionID), Region: string(w.Region),
	}
	var image struct {
		ID           text `json:"image_id"`
		Name         text `json:"image_name"`
		OSType       text `json:"os_type"`
		CreateTime   text `json:"create_time"`
		Architecture text `json:"architecture"`
	}
	switch found, err := first(w.Image, &image, path+".image_deployed_object"); {
	case err != nil:
		return o, err
	case found:
		o.Image = &ImageObject{
			ImageID: string(image.ID), ImageName: string(image.Name), OSType: string(image.OSType),
			Architecture: string(image.Architecture), CreateTime: string(image.CreateTime),
		}
	}
	var software struct {
		Name     text `json:"package_name"`
		Path     text `json:"internal_path"`
		Checksum text `json:"checksum"`
	}
	switch found, err := first(w.Package, &software, path+".software_pkg_deployed_object"); {
	case err != nil:
		return o, err
	case found:
		o.SoftwarePackage = &SoftwarePackageObject{
			PackageName: string(software.Name), InternalPath: unescape(string(software.Path)), Checksum: string(software.Checksum),
		}
	}
	return o, nil
}

// first decodes an object, or the first element of an array of them.
func first(raw json.RawMessage, v any, path string) (found bool, err error) {
	list, ok := oneOrMany(raw)
	switch {
	case !ok:
		return false, badField(path)
	case len(list) == 0:
		return false, nil
	default:
		return true, decodeObject(list[0], v, path)
	}
}

// unescape removes the JSON escapes that a path may carry twice, \u0026 above all.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var plain string
	if json.Unmarshal([]byte(`"`+s+`"`), &plain) != nil {
		return s
	}
	return plain
}
