package awssim

import (
	"fmt"
	"reflect"
	"strings"
)

// sound refuses a state that no account of ours has written: with a hole where every account has something.
func (s *state) sound() error {
	if err := holes(reflect.ValueOf(s).Elem(), "account"); err != nil {
		return err
	}
	if err := missing(reflect.ValueOf(s).Elem(), reflect.ValueOf(newState("", "")).Elem(), "account"); err != nil {
		return err
	}
	fresh := reflect.ValueOf(newState("", "").region("")).Elem()
	for name, r := range s.Regions {
		if err := missing(reflect.ValueOf(r).Elem(), fresh, "account.Regions."+name); err != nil {
			return err
		}
	}
	return nil
}

// missing finds a map that is made with every account and is not there.
func missing(v, fresh reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Map:
		if v.IsNil() && !fresh.IsNil() {
			return fmt.Errorf("%s is missing", path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := missing(v.Field(i), fresh.Field(i), path+"."+v.Type().Field(i).Name); err != nil {
				return err
			}
		}
	default:
	}
	return nil
}

// holes finds an entry of a map or list, of a type of ours, that is null.
func holes(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && ours(v.Type().Elem()) {
			return holes(v.Elem(), path)
		}
	case reflect.Struct:
		if !ours(v.Type()) {
			return nil
		}
		for i := range v.NumField() {
			if err := holes(v.Field(i), path+"."+v.Type().Field(i).Name); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if err := entry(v.MapIndex(key), fmt.Sprintf("%s.%v", path, key)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := entry(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	default:
	}
	return nil
}

func entry(v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("%.200q is null", path)
	}
	return holes(v, path)
}

func ours(t reflect.Type) bool { return strings.HasSuffix(t.PkgPath(), "/awssim") }
