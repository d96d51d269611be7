// SPDX-License-Identifier: Apache-2.0

package access

// Scope is one thing that a caller may be allowed to do: the name of a value of koogate.v1.Scope in lower case, without its prefix.
type Scope string

// The scopes; each is documented at its enum value.
const (
	Worker       Scope = "worker"
	Usage        Scope = "usage"
	Read         Scope = "read"
	Operate      Scope = "operate"
	Admin        Scope = "admin"
	Directory    Scope = "directory"
	Secrets      Scope = "secrets"
	PersonalData Scope = "personal_data"
	Configure    Scope = "configure"
	Tokens       Scope = "tokens"
	Installation Scope = "installation"
	Login        Scope = "login"
	Marketplace  Scope = "marketplace"
)

// Grantable are the scopes that a token may be given.
func Grantable() []Scope {
	return []Scope{Worker, Usage, Read, Operate, Admin, Directory, Secrets, PersonalData, Configure, Tokens, Installation, Login}
}

// OfSeller are the scopes over what is a seller's own.
func OfSeller() []Scope {
	return []Scope{Worker, Usage, Read, Operate, Directory, Secrets, PersonalData, Configure, Tokens, Login}
}

// Customary are the scopes of a token that names none.
func Customary() []Scope { return []Scope{Worker, Usage, Read, Operate} }
