// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/forward"
)

// sign implements scheme.
func (urlScheme) sign(c *forward.Call, key string, body []byte, now time.Time) error {
	text, err := sign.SignURL(c.URL.String(), key, rand.Text(), now, body)
	if err != nil {
		return err
	}
	c.Body = body
	c.URL, err = url.Parse(text)
	return err
}

// sign implements scheme. The body is that which verify has made of the query.
func (queryScheme) sign(c *forward.Call, key string, body []byte, now time.Time) error {
	var members map[string]string
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	params := url.Values{}
	for name, value := range members {
		params.Set(name, value)
	}
	params.Set(sign.ParamTimeStamp, wiretime.Format17(now))
	text, err := sign.SignQuery(c.URL.String(), key, params)
	if err != nil {
		return err
	}
	c.URL, err = url.Parse(text)
	return err
}

// sign implements scheme.
func (kitScheme) sign(c *forward.Call, key string, body []byte, now time.Time) error {
	nonce, timestamp := rand.Text(), strconv.FormatInt(now.UnixMilli(), 10)
	c.Header[sign.KitNonceHeader], c.Header[sign.KitTimestampHeader] = []string{nonce}, []string{timestamp}
	c.Header[sign.KitSignHeader] = []string{sign.KitSign(key, nonce, timestamp, body)}
	c.Body = body
	return nil
}

// sign implements scheme. The time is a member of the body and stays: the scheme has no window.
func (authTokenScheme) sign(c *forward.Call, key string, body []byte, _ time.Time) error {
	token, err := sign.AuthTokenBody(key, body)
	c.Header[sign.AuthTokenHeader] = []string{token}
	c.Body = body
	return err
}
