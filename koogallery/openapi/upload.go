// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"unicode/utf8"
)

// UploadPath is the path of the upload interface; {event_id} stands for the event (saas-v1 §6.1).
const UploadPath = "/api/mkp-openapi-public/global/v1/market-event/{event_id}/file"

// Bounds of an upload.
const (
	// MaxCharacters is the longest licence text, in characters.
	MaxCharacters = 1024

	// MaxFileName is the longest file name, in characters.
	MaxFileName = 1024

	// MaxFile is the largest file, in bytes. The documents name no bound; the
	// gateway takes requests of 12 MB.
	MaxFile = 10 << 20
)

// Upload is what is delivered for an event: a text, or a file with its name. It
// may be a licence: treat it as a secret. It is not printed.
type Upload struct {
	Characters string // at most MaxCharacters; empty for a file
	FileName   string // at most MaxFileName
	File       []byte // at most MaxFile
}

// String returns a constant text.
func (Upload) String() string { return "openapi.Upload" + mask }

// GoString returns a constant text.
func (Upload) GoString() string { return "openapi.Upload" + mask }

// valid reports whether u is a text or a file within the bounds.
func (u Upload) valid() bool {
	switch {
	case u.Characters != "":
		return len(u.File) == 0 && u.FileName == "" && utf8.ValidString(u.Characters) &&
			utf8.RuneCountInString(u.Characters) <= MaxCharacters
	case len(u.File) > 0:
		return len(u.File) <= MaxFile && validText(u.FileName, MaxFileName)
	default:
		return false
	}
}

// uploadRequest is the JSON part of an upload.
type uploadRequest struct {
	Type       string `json:"type"`
	FileName   string `json:"file_name,omitempty"`
	SHA256     string `json:"sha256,omitempty"`
	Characters string `json:"characters,omitempty"`
}

// UploadLicence delivers a licence for an event of getLicenseAsync (saas-v1
// §6.1). Attempts and hosts are as for QueryOrder. The interface says nothing
// about repeats of an event; the same upload again is the caller's retry.
//
// Errors: ErrArgument if eventID is unusable as an id or u is neither a text nor
// a named file within the bounds; otherwise an *Error. Use Retryable to decide
// about repeating: the refusals 91381034 (no such licence application) and
// 91381035 (nothing left in the period) are final.
func (c *Client) UploadLicence(ctx context.Context, eventID string, u Upload) error {
	if !validID(eventID) || eventID == "." || eventID == ".." || !u.valid() {
		return ErrArgument
	}
	body, contentType, err := u.encode()
	if err != nil {
		return &Error{call: callUpload, Message: "the request cannot be encoded", Unsent: true, err: err}
	}
	answer, err := c.attempt(ctx, call{
		name: callUpload, method: http.MethodPost, path: strings.Replace(UploadPath, "{event_id}", url.PathEscape(eventID), 1),
		contentType: contentType, body: body,
	})
	if err != nil {
		return err
	}
	// An echo of what was sent is not for an error.
	if _, failure := c.judge(callUpload, answer, u.Characters); failure != nil {
		return failure
	}
	return nil
}

// encode renders the parts, the JSON part first; the documented example has it second, and the order of parts has no meaning.
func (u Upload) encode() (body []byte, contentType string, err error) {
	request := uploadRequest{Type: "CHARACTERS", Characters: u.Characters}
	if u.Characters == "" {
		hash := sha256.Sum256(u.File)
		request = uploadRequest{Type: "FILE", FileName: u.FileName, SHA256: hex.EncodeToString(hash[:])}
	}
	text, err := json.Marshal(request)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="isvUpdateFileReq"`}, "Content-Type": {"application/json"},
	})
	if err == nil {
		_, err = part.Write(text)
	}
	if err == nil && u.Characters == "" {
		if part, err = w.CreateFormFile("file", u.FileName); err == nil {
			_, err = part.Write(u.File)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), w.FormDataContentType(), err
}
