// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"reflect"
	"time"
)

// BadTexts are what no database may be given: PostgreSQL refuses them, SQLite would keep them.
var BadTexts = map[string]string{"NUL": "a\x00b", "invalid UTF-8": "a\xffb", "half a surrogate pair": "a\xed\xa0\xbd", "GBK": "\xc4\xe3"}

// Spoil calls use for every text in v, one at a time made bad, and puts each back afterwards.
func Spoil(v reflect.Value, path, bad string, use func(path string)) {
	switch v.Kind() {
	case reflect.String:
		was := v.String()
		v.SetString(bad)
		use(path)
		v.SetString(was)
	case reflect.Pointer:
		if !v.IsNil() {
			Spoil(v.Elem(), path, bad, use)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			Spoil(v.Field(i), path+"."+v.Type().Field(i).Name, bad, use)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				Spoil(v.Index(i), fmt.Sprintf("%s[%d]", path, i), bad, use)
			}
		}
	default:
	}
}
