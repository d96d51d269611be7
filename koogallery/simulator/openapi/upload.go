// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// uploadPath is the open API 字符串/文件流上传 (saas-v1 §6.1).
const uploadPath = "/api/mkp-openapi-public/global/v1/market-event/{event_id}/file"

// Bounds of an upload. The gateway takes 12 MB; the texts have 1024 characters.
const (
	maxUpload      = 12 << 20
	maxUploadText  = 1024
	maxUploadForm  = 64 << 10
	maxUploadParts = 4
)

// Answers of the upload (saas-v1 §6.1).
var (
	acceptUpload  = refusal{http.StatusOK, "CBC.0000", "Success", false}
	refuseUpload  = refusal{http.StatusBadRequest, "CBC.0101", "Invalid parameter", false}
	refuseAccess  = refusal{http.StatusForbidden, "CBC.0150", "Illegal operation", false}
	refuseLicence = refusal{http.StatusOK, "91381034", "license apply invalid", false}
)

// licenceUpload takes the licence of an event: a text or a file, once. The same
// one may come again; another one, or one for an event that is unknown, is
// refused.
func (s *Server) licenceUpload(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	verdict := s.takeLicence(w, r)
	return reply{}, &verdict
}

func (s *Server) takeLicence(w http.ResponseWriter, r *http.Request) refusal {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		return refuseUpload
	}
	if refused := s.authenticate(r, body); refused != nil {
		if *refused == refuseToken {
			return refuseAccess
		}
		return *refused
	}
	licence, ok := readUpload(r.Header.Get("Content-Type"), body)
	id := r.PathValue("event_id")
	switch {
	case !ok || id == "" || utf8.RuneCountInString(id) > catalogue.MaxID:
		return refuseUpload
	case !s.market.Upload(id, licence):
		return refuseLicence
	default:
		return acceptUpload
	}
}

// readUpload reads the two parts and returns a digest of the licence.
func readUpload(contentType string, body []byte) (licence string, ok bool) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return "", false
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var form judge.Members
	var file []byte
	var fileName string
	for n := 0; ; n++ {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return licenceOf(form, file, fileName)
		}
		if err != nil || n == maxUploadParts {
			return "", false
		}
		content, err := io.ReadAll(part) // part of a body that is bounded
		if err != nil {
			return "", false
		}
		switch part.FormName() {
		case "isvUpdateFileReq":
			media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
			if err != nil || media != "application/json" || len(content) > maxUploadForm || form != nil {
				return "", false
			}
			if form, ok = judge.Object(content); !ok {
				return "", false
			}
		case "file":
			if file != nil {
				return "", false
			}
			file, fileName = append([]byte{}, content...), part.FileName()
		}
	}
}

// licenceOf checks that the parts fit together. file is nil if there was none.
func licenceOf(form judge.Members, file []byte, fileName string) (licence string, ok bool) {
	for _, name := range []string{"file_name", "sha256", "characters"} {
		if !form.Has(name) {
			continue
		}
		if text, ok := form.Text(name); !ok || utf8.RuneCountInString(text) > maxUploadText {
			return "", false
		}
	}
	name, _ := form.Text("file_name")
	hash, _ := form.Text("sha256")
	characters, _ := form.Text("characters")
	switch kind, _ := form.Text("type"); kind {
	case "CHARACTERS":
		return digest("characters\x00" + characters), characters != "" && file == nil
	case "FILE":
		sum := sha256.Sum256(file)
		ok = len(file) > 0 && (name != "" || fileName != "") && strings.EqualFold(hash, hex.EncodeToString(sum[:]))
		return digest("file\x00" + string(file)), ok
	default:
		return "", false
	}
}

// digest stands for a text that has to stay the same and is not kept.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
