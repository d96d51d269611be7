// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
)

// demoRSA returns the key that decrypts the Kit's clientSecret, made once for a data directory.
func demoRSA(dir string) (*rsa.PrivateKey, string, error) {
	path := filepath.Join(dir, "kit-rsa.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err := rsa.GenerateKey(rand.Reader, 3072)
		if err != nil {
			return nil, "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, "", err
		}
		text = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		return key, string(text), keyfile.Replace(path, text)
	}
	if err != nil {
		return nil, "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, "", fmt.Errorf("%s holds no PEM block: remove the file", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, "", fmt.Errorf("%s holds no RSA key: remove the file", path)
	}
	return key, string(text), nil
}

// families drives one order through every call of each protocol family but the first, whose kinds have rows of their own,
// and a joint purchase of each generation of the Kit, in order and out of it.
func (c *Command) families(ctx context.Context, m *markets, t *table) error {
	var group errgroup.Group
	for _, family := range judge.Families()[1:] {
		joint := family == judge.FamilyKitV1 || family == judge.FamilyKitV2
		group.Go(func() error {
			report, err := m.demo.LifeOf(ctx, family)
			if err != nil {
				return err
			}
			if family == judge.FamilyLicenseCode {
				// The seller never hears of the order in which the marketplace sold the code.
				if report.OrderID, err = c.codeOrder(ctx); err != nil {
					return err
				}
				report.InstanceID = report.OrderID
			}
			r := c.judge(ctx, report)
			r.kind = string(family)
			t.add(r)
			return nil
		})
		if !joint {
			continue
		}
		group.Go(func() error {
			report, err := m.demo.Joint(ctx, family, c.directoryIs(ctx))
			if err != nil {
				return err
			}
			r := c.judge(ctx, report)
			r.kind = string(family) + ", joint purchase"
			t.add(r)
			return nil
		})
		group.Go(func() error {
			report, err := m.demo.JointShuffled(ctx, family, uint64(t.began.UnixNano()), c.directoryIs(ctx))
			if err != nil {
				return err
			}
			r := c.judge(ctx, report)
			r.kind = string(family) + ", shuffled, doubled"
			t.add(r)
			return nil
		})
	}
	return group.Wait()
}

// familyRows are the kinds of the rows of families, in the table's order.
func familyRows() (rows []string) {
	for _, family := range judge.Families()[1:] {
		rows = append(rows, string(family))
		if family == judge.FamilyKitV1 || family == judge.FamilyKitV2 {
			rows = append(rows, string(family)+", joint purchase", string(family)+", shuffled, doubled")
		}
	}
	return rows
}

// codeOrder is the order under which the newest licence code is kept.
func (c *Command) codeOrder(ctx context.Context) (string, error) {
	var page struct {
		Instances []struct{ OrderID, Family string } `json:"instances"`
	}
	if err := c.read(ctx, "/v1/instances?pageSize=500", &page); err != nil {
		return "", err
	}
	for _, i := range page.Instances {
		if i.Family == string(judge.FamilyLicenseCode) {
			return i.OrderID, nil
		}
	}
	return "", errors.New("no licence code among the instances")
}

// read gets something of the internal API.
func (c *Command) read(ctx context.Context, path string, into any) error {
	return internalAPI("http://"+c.API).call(ctx, http.MethodGet, path, nil, into)
}

// directoryIs returns a check that the directory is what a step of a joint purchase should have made it.
func (c *Command) directoryIs(ctx context.Context) func(rehearsal.JointStep) error {
	return func(step rehearsal.JointStep) error {
		got, err := c.directoryOf(ctx, step)
		if err != nil {
			return err
		}
		for _, part := range []struct {
			name      string
			got, want any
		}{
			{"tenant", got.Tenant, step.Tenant},
			{"client", []string{got.ClientID, got.ClientSecret}, []string{step.ClientID, step.ClientSecret}},
			{"departments", got.Departments, step.Departments},
			{"users", got.Users, step.Users},
		} {
			if !same(part.got, part.want) {
				return fmt.Errorf("the directory's %s after %s differs from what was told", part.name, step.Name)
			}
		}
		return nil
	}
}

// same compares what was read with what should be there. An empty list equals a nil list.
func same(got, want any) bool {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	return g.Kind() == reflect.Slice && g.Len() == 0 && w.Len() == 0 || reflect.DeepEqual(got, want)
}

// directoryOf reads what the directory holds about a joint purchase, in the simulator's terms.
func (c *Command) directoryOf(ctx context.Context, step rehearsal.JointStep) (rehearsal.JointStep, error) {
	var got rehearsal.JointStep
	filter := "?pageSize=500&orderBy=" + url.QueryEscape("create_time asc") + "&filter=" + url.QueryEscape(fmt.Sprintf("instance_id = %q", step.InstanceID))
	var tenants struct {
		Tenants []struct{ TenantID, OrderID, TenantCode, Name, DomainName string } `json:"tenants"`
	}
	if err := c.read(ctx, "/v1/tenants"+filter, &tenants); err != nil {
		return got, err
	}
	for _, t := range tenants.Tenants {
		got.Tenant = &rehearsal.JointTenant{ID: t.TenantID, OrderID: t.OrderID, Code: t.TenantCode, Name: t.Name, DomainName: t.DomainName}
	}
	var apps struct {
		Applications []struct{ AppID string } `json:"applications"`
	}
	if err := c.read(ctx, "/v1/applications"+filter, &apps); err != nil {
		return got, err
	}
	for _, a := range apps.Applications {
		var app struct{ ClientID, ClientSecret string }
		path := fmt.Sprintf("/v1/instances/%s/tenants/%s/applications/%s", url.PathEscape(step.InstanceID), url.PathEscape(step.TenantID), url.PathEscape(a.AppID))
		if err := c.read(ctx, path, &app); err != nil {
			return got, err
		}
		got.ClientID, got.ClientSecret = app.ClientID, app.ClientSecret
	}
	var departments struct {
		Departments []struct{ OrgCode, Name, ParentCode string } `json:"departments"`
	}
	if err := c.read(ctx, "/v1/departments"+filter, &departments); err != nil {
		return got, err
	}
	for _, d := range departments.Departments {
		got.Departments = append(got.Departments, rehearsal.JointDepartment{Code: d.OrgCode, Name: d.Name, ParentCode: d.ParentCode})
	}
	var users struct {
		Users []struct{ UserName, Name, OrgCode, Role, State, Mobile, Email string } `json:"users"`
	}
	if err := c.read(ctx, "/v1/users"+filter, &users); err != nil {
		return got, err
	}
	for _, u := range users.Users {
		got.Users = append(got.Users, rehearsal.JointUser{
			UserName: u.UserName, Name: u.Name, OrgCode: u.OrgCode, Role: u.Role, Mobile: u.Mobile, Email: u.Email,
			State: rehearsal.JointUserState(trimState(u.State)),
		})
	}
	sortDirectory(&got)
	return got, nil
}

// trimState turns the contract's name of a state into the simulator's.
func trimState(s string) string { return strings.TrimPrefix(s, "USER_STATE_") }

// sortDirectory brings lists into the simulator's order.
func sortDirectory(s *rehearsal.JointStep) {
	slices.SortFunc(s.Departments, func(a, b rehearsal.JointDepartment) int { return strings.Compare(a.Code, b.Code) })
	slices.SortFunc(s.Users, func(a, b rehearsal.JointUser) int { return strings.Compare(a.UserName, b.UserName) })
}
