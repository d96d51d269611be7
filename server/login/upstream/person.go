// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Person is who has logged in, as the centre says. Only UserName is always there; what one may do is the directory's to say.
type Person struct {
	UserName string // as in authSync
	Name     string
	Role     string
	Mobile   string
	Email    string
	OrgCode  string
	OrgName  string
	Tenant   string // tenantId, or OrgID's tenantCode; empty where the centre does not say it
}

// Userinfo asks whose an access_token is. Errors: a Fault, of kind WrongTenant if the user is another tenant's.
func (c *Client) Userinfo(ctx context.Context, t Tenant, access Secret) (Person, error) {
	u, d, err := c.at(t, func(d Dialect) string { return d.Userinfo })
	if err != nil {
		return Person{}, err
	}
	a, err := c.call(ctx, t, d, http.MethodGet, u, nil, http.Header{http.CanonicalHeaderKey(d.TokenHeader): {"Bearer " + string(access)}})
	switch {
	case err != nil:
		return Person{}, err
	case a.status == http.StatusUnauthorized:
		return Person{}, broken(TokenRefused, a.status, "")
	case a.status != http.StatusOK:
		return Person{}, refusal(a, TokenRefused)
	}
	var said map[string]any
	if json.Unmarshal(a.body, &said) != nil {
		return Person{}, broken(Malformed, a.status, "")
	}
	return t.person(a.status, "", func(name string) string { text, _ := said[name].(string); return text })
}

// person reads a user from its members, under the names of every page. user is who it is where a member does not say it.
func (t Tenant) person(status int, user string, member func(name string) string) (Person, error) {
	p := Person{
		UserName: cmp.Or(member("userName"), member("user_name"), user), Name: cmp.Or(member("name"), member("displayName")), Role: member("role"),
		Mobile: member("mobile"), Email: member("email"), OrgCode: member("organizationCode"), OrgName: member("organizationName"), Tenant: member("tenant"),
	}
	if p.UserName == "" || len(p.UserName) > 255 {
		return Person{}, broken(Malformed, status, "")
	}
	if p.Tenant != "" && p.Tenant != t.ID && (t.Code == "" || p.Tenant != t.Code) {
		return Person{}, broken(WrongTenant, status, "")
	}
	return p, nil
}

// CASLoginURL is where the browser goes for a login by CAS. Errors: a Fault of kind Address.
func (c *Client) CASLoginURL(t Tenant) (string, error) {
	return c.service(t, t.Callback, func(d Dialect) string { return d.CASLogin })
}

// CASLogoutURL is where the browser goes to log out; back is where it comes back to. Errors: a Fault of kind Address.
func (c *Client) CASLogoutURL(t Tenant, back string) (string, error) {
	return c.service(t, back, func(d Dialect) string { return d.CASLogout })
}

func (c *Client) service(t Tenant, service string, path func(Dialect) string) (string, error) {
	u, _, err := c.at(t, path)
	if err != nil {
		return "", err
	}
	u.RawQuery = url.Values{"service": {service}}.Encode()
	return u.String(), nil
}

// Validate asks whose a ticket is. The ticket is used up by it. Errors: a Fault, of kind WrongTenant if the user is another tenant's.
func (c *Client) Validate(ctx context.Context, t Tenant, ticket Secret) (Person, error) {
	u, d, err := c.at(t, func(d Dialect) string { return d.Validate })
	if err != nil {
		return Person{}, err
	}
	u.RawQuery = url.Values{"service": {t.Callback}, "ticket": {string(ticket)}, "format": {"JSON"}}.Encode()
	a, err := c.call(ctx, t, d, http.MethodGet, u, nil, nil)
	if err != nil {
		return Person{}, err
	}
	if a.status != http.StatusOK {
		return Person{}, refusal(a, TicketRefused)
	}
	said, err := readCAS(a.body)
	switch {
	case err != nil:
		return Person{}, broken(Malformed, a.status, "")
	case said.failure == "INVALID_TICKET":
		return Person{}, broken(TicketRefused, a.status, said.failure)
	case said.failure == "INVALID_SERVICE", said.failure == "UNAUTHORIZED_SERVICE":
		return Person{}, broken(ServiceRefused, a.status, said.failure)
	case said.failure == "INTERNAL_ERROR":
		return Person{}, broken(Busy, a.status, said.failure)
	case said.failure != "":
		return Person{}, broken(RequestRefused, a.status, said.failure)
	}
	return t.person(a.status, said.user, func(name string) string { return said.attributes[name] })
}

// casSaid is the answer of a validation.
type casSaid struct {
	user, failure string
	attributes    map[string]string
}

var errCAS = errors.New("neither a success nor a failure")

// readCAS reads either form: a centre that does not know format may answer in XML.
func readCAS(body []byte) (casSaid, error) {
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("<")) {
		return readCASXML(trimmed)
	}
	var said struct {
		Response struct {
			Success *struct {
				User       string         `json:"user"`
				Attributes map[string]any `json:"attributes"`
			} `json:"authenticationSuccess"`
			Failure *struct {
				Code string `json:"code"`
			} `json:"authenticationFailure"`
		} `json:"serviceResponse"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return casSaid{}, err
	}
	switch s, f := said.Response.Success, said.Response.Failure; {
	case f != nil && s == nil:
		return casSaid{failure: cmp.Or(f.Code, "INVALID_REQUEST")}, nil
	case s != nil && f == nil:
		got := casSaid{user: s.User, attributes: make(map[string]string)}
		for name, value := range s.Attributes {
			if list, ok := value.([]any); ok && len(list) == 1 { // some servers have lists of one
				value = list[0]
			}
			got.attributes[name], _ = value.(string)
		}
		return got, nil
	}
	return casSaid{}, errCAS
}

// readCASXML reads the other form. Whatever is not among the elements of CAS is no answer.
func readCASXML(body []byte) (casSaid, error) {
	var said struct {
		XMLName xml.Name
		Success *struct {
			User       string `xml:"user"`
			Attributes struct {
				All []struct {
					XMLName xml.Name
					Text    string `xml:",chardata"`
				} `xml:",any"`
			} `xml:"attributes"`
		} `xml:"authenticationSuccess"`
		Failure *struct {
			Code string `xml:"code,attr"`
		} `xml:"authenticationFailure"`
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&said); err != nil {
		return casSaid{}, err
	}
	if _, err := d.Token(); said.XMLName.Local != "serviceResponse" || !errors.Is(err, io.EOF) {
		return casSaid{}, errCAS
	}
	switch s, f := said.Success, said.Failure; {
	case f != nil && s == nil:
		return casSaid{failure: cmp.Or(f.Code, "INVALID_REQUEST")}, nil
	case s != nil && f == nil:
		got := casSaid{user: strings.TrimSpace(s.User), attributes: make(map[string]string)}
		for _, a := range s.Attributes.All {
			got.attributes[a.XMLName.Local] = strings.TrimSpace(a.Text)
		}
		return got, nil
	}
	return casSaid{}, errCAS
}
