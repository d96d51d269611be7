// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/judge"
)

// User is a user of authSync (kit §A.3).
type User struct {
	UserName, Name, OrgCode, Role string
	Enabled                       bool
	Mobile, Email                 string
}

// Department is a department of allOrgSync (kit §A.5).
type Department struct{ Code, Name, ParentCode string }

// wireUser is a user of V2, and of V1 but for the last three members (kit §A.3).
type wireUser struct {
	UserName     string         `json:"userName"`
	Name         string         `json:"name"`
	Position     string         `json:"position"`
	OrgCode      string         `json:"orgCode"`
	Role         string         `json:"role"`
	Enable       string         `json:"enable"`
	EmployeeCode string         `json:"employeeCode"`
	Mobile       string         `json:"mobile"`
	Email        string         `json:"email"`
	EmployeeType int            `json:"employeeType,omitempty"`
	WorkPlace    string         `json:"workPlace,omitempty"`
	Extension    *wireExtension `json:"extension,omitempty"`
}

// wireExtension holds in V1 what are members of their own in V2.
type wireExtension struct {
	EntryDate    string `json:"entryDate"`
	EmployeeType string `json:"employeeType"`
	WorkPlace    string `json:"workPlace"`
}

// UserList returns userList of an authSync. V1 has the list as a text.
func UserList(f judge.Family, users []User) any {
	list := make([]wireUser, 0, len(users))
	for _, u := range users {
		w := wireUser{
			UserName: u.UserName, Name: u.Name, Position: "工程师", OrgCode: u.OrgCode, Role: u.Role, Enable: "true",
			Mobile: u.Mobile, Email: u.Email,
		}
		if !u.Enabled {
			w.Enable = "false"
		}
		if f == judge.FamilyKitV1 {
			w.Extension = &wireExtension{"2022-11-9", "4", "南京"}
		} else {
			w.EmployeeType, w.WorkPlace = 1, "南京"
		}
		list = append(list, w)
	}
	return listOf(f, list)
}

// DepartmentList returns the list of an allOrgSync and the name of its member. The
// name of a department has another name in V1 (kit §A.5).
func DepartmentList(f judge.Family, list []Department) (member string, value any) {
	type v1 struct {
		Code       string `json:"orgCode"`
		Name       string `json:"name"`
		ParentCode string `json:"parentCode"`
	}
	type v2 struct {
		Code       string `json:"orgCode"`
		Name       string `json:"orgName"`
		ParentCode string `json:"parentCode"`
	}
	older, newer := make([]v1, 0, len(list)), make([]v2, 0, len(list))
	for _, d := range list {
		older, newer = append(older, v1(d)), append(newer, v2(d))
	}
	if f == judge.FamilyKitV1 {
		return "orgInfo", listOf(f, older)
	}
	return "orgInfoList", listOf(f, newer)
}

// listOf returns a list as the generation has it.
func listOf(f judge.Family, v any) any {
	text, err := PlainJSON(v)
	switch {
	case err != nil: // cannot be: structs of texts and numbers
		return nil
	case f == judge.FamilyKitV1:
		return string(text)
	default:
		return json.RawMessage(text)
	}
}
