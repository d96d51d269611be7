// SPDX-License-Identifier: Apache-2.0

package store

// TenantRow is a tenant as a backend keeps it, with the stamps against which the rows below it are judged.
type TenantRow struct {
	Tenant
	Known  bool  // a call told of the tenant itself; otherwise the row only keeps the stamps
	Erased Stamp // of the newest deletion; zero for none
	Floor  Stamp // of the newest full list of departments that deletes; zero for none
}

// Merge is what a directory change leaves to be written, for backends. A row below the tenant is written unless the database has a
// row of its key whose stamp is as great. Each key occurs once.
type Merge struct {
	PutTenant    bool // the tenant's row changed
	Erase        bool // rows not greater than TenantRow.Erased become tombstones
	EraseBelow   bool // departments less than TenantRow.Floor become tombstones, after the departments here are written
	Applications []Application
	Users        []User
	Departments  []Department
	Ignored      int // how many rows of the change come too late by the tenant's row alone
}

// Merge merges the change into the tenant's row, which for a tenant without one has nothing but its key. The caller keeps
// the row from changing until what is returned is written.
func (c *DirectoryChange) Merge(row *TenantRow) Merge {
	var m Merge
	row.TenantKey = c.Key
	if !row.Known {
		row.Deleted, row.CreatedAt = true, c.Now
	}
	if t := c.Tenant; t != nil {
		if !row.Known || t.Compare(row.Stamp) > 0 {
			created := row.CreatedAt
			if row.Tenant = *t; t.Deleted {
				row.Tenant = Tenant{Stamp: t.Stamp, Deleted: true}
			}
			row.TenantKey, row.CreatedAt, row.Known, m.PutTenant = c.Key, created, true, true
		} else if t.Compare(row.Stamp) < 0 {
			m.Ignored++
		}
		if t.Deleted && t.Compare(row.Erased) > 0 {
			row.Erased, m.Erase, m.PutTenant = t.Stamp, true, true
		}
	}
	if !c.Floor.IsZero() && c.Floor.Compare(row.Floor) > 0 {
		row.Floor, m.EraseBelow, m.PutTenant = c.Floor, true, true
	}
	if m.PutTenant {
		row.UpdatedAt = c.Now
	}
	m.Applications = newest(c.Applications, row.Erased, func(a *Application) (string, Stamp) {
		if a.Deleted {
			*a = Application{AppID: a.AppID, Stamp: a.Stamp, Deleted: true}
		}
		a.TenantKey, a.CreatedAt, a.UpdatedAt = c.Key, c.Now, c.Now
		return a.ID(), a.Stamp
	}, &m.Ignored)
	m.Users = newest(c.Users, row.Erased, func(u *User) (string, Stamp) {
		if u.Deleted {
			*u = User{AppID: u.AppID, UserName: u.UserName, Stamp: u.Stamp, Deleted: true}
		}
		u.TenantKey, u.CreatedAt, u.UpdatedAt = c.Key, c.Now, c.Now
		return u.ID(), u.Stamp
	}, &m.Ignored)
	below := Stamp{At: row.Floor.At, Rank: row.Floor.Rank - 1} // ranks are whole, so "not greater than this" is "less than the floor"
	if row.Floor.IsZero() || below.Compare(row.Erased) < 0 {
		below = row.Erased
	}
	m.Departments = newest(c.Departments, below, func(d *Department) (string, Stamp) {
		if d.Deleted {
			*d = Department{OrgCode: d.OrgCode, Stamp: d.Stamp, Deleted: true}
		}
		d.TenantKey, d.CreatedAt, d.UpdatedAt = c.Key, c.Now, c.Now
		return d.ID(), d.Stamp
	}, &m.Ignored)
	return m
}

// newest completes the rows and returns, in their order, those that are greater than dead: of each key the first with the
// greatest stamp. It counts those that are dead.
func newest[T any](rows []T, dead Stamp, complete func(*T) (id string, s Stamp), ignored *int) []T {
	out := make([]T, 0, len(rows))
	stamps := make([]Stamp, 0, len(rows))
	places := make(map[string]int, len(rows))
	for _, r := range rows {
		id, s := complete(&r)
		place, seen := places[id]
		switch {
		case s.Compare(dead) <= 0:
			if s.Compare(dead) < 0 {
				*ignored++
			}
		case !seen:
			places[id] = len(out)
			out, stamps = append(out, r), append(stamps, s)
		case s.Compare(stamps[place]) > 0:
			out[place], stamps[place] = r, s
		}
	}
	return out
}

// Stamps are the rows that the merge would write, by their IDs: applications, users and departments.
func (m *Merge) Stamps() (applications, users, departments []Stamped) {
	for _, a := range m.Applications {
		applications = append(applications, Stamped{a.ID(), a.Stamp})
	}
	for _, u := range m.Users {
		users = append(users, Stamped{u.ID(), u.Stamp})
	}
	for _, d := range m.Departments {
		departments = append(departments, Stamped{d.ID(), d.Stamp})
	}
	return applications, users, departments
}
