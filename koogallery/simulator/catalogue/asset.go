// SPDX-License-Identifier: Apache-2.0

package catalogue

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

// DemoAssets returns the assets that are known unless others are named.
func DemoAssets() []Asset {
	return []Asset{
		{
			ID: "asset-software-demo", Type: AssetSoftware, Version: "V1.0", VersionID: "version-software-1", Region: "cn-north-4",
			PackageName: "demo-1.0.zip", Path: "https://assets.example.com/demo-1.0.zip?a=1&b=2", Checksum: Token("demo-1.0.zip"),
		},
		{
			ID: "asset-software-demo", Type: AssetSoftware, Version: "V1.1", VersionID: "version-software-2", Region: "cn-north-4",
			PackageName: "demo-1.1.zip", Path: "https://assets.example.com/demo-1.1.zip?a=1&b=2", Checksum: Token("demo-1.1.zip"),
		},
		{
			ID: "asset-image-demo", Type: AssetImage, Version: "V1.0", VersionID: "version-image-1", Region: "cn-north-4",
			ImageID: "7f141bf1-aec8-4859-8323-fb3a8ad50721", ImageName: "demo-image", OSType: "Linux", Architecture: "x86",
			CreateTime: "2026-01-01T00:00:00Z",
		},
	}
}
