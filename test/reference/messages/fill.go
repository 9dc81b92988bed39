package main

import (
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// How likely it is that a value is there, by its depth.
type density func(depth int) float64

func everything(depth int) float64 { return []float64{1, 0.2, 0.02, 0}[min(depth, 3)] }
func something(depth int) float64  { return []float64{0.9, 0.5, 0.25, 0.15, 0.1, 0}[min(depth, 5)] }

type filler struct {
	random  *rand.Rand
	density density
}

// A value that depends on the name alone.
func filled(t reflect.Type, name string, likely density) reflect.Value {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	f := filler{rand.New(rand.NewPCG(hash.Sum64(), 7)), likely}
	value := reflect.New(t)
	f.fill(value.Elem(), 0)
	return value
}

var texts = []string{"a", "web-0", "é ü", "日本語", "\U0001f600<&>\"\\\n", "x.example.com/y", "0123456789012345678901234567890123456789"}
var quantities = []string{"0", "1", "100m", "1500m", "1Gi", "2G", "-5", "0.5Ki", "12e6"}
var raws = []string{`{"a":[1,"b",null,true,{"c":1.5}]}`, `{"kind":"X","apiVersion":"y/v1"}`, `{}`}
var integers = []int64{1, 2, 127, 128, 300, 65535, 1 << 30, -1, -300}
var longs = []int64{1, 3, 1 << 31, 1 << 32, 1<<53 - 1, -1, -(1 << 31), -(1 << 33), -(1<<53 - 1)}

func pick[T any](f *filler, from []T) T { return from[f.random.IntN(len(from))] }

func (f *filler) second() time.Time { return time.Unix(int64(f.random.IntN(1<<32))-(1<<30), 0).UTC() }

// Types that write themselves.
var special = map[reflect.Type]func(f *filler) any{
	reflect.TypeFor[metav1.Time](): func(f *filler) any { return metav1.NewTime(f.second()) },
	reflect.TypeFor[metav1.MicroTime](): func(f *filler) any {
		return metav1.NewMicroTime(f.second().Add(time.Duration(f.random.IntN(1e6)) * time.Microsecond))
	},
	reflect.TypeFor[metav1.Duration](): func(f *filler) any {
		return metav1.Duration{Duration: pick(f, []time.Duration{time.Nanosecond, 90 * time.Minute, -1500 * time.Millisecond, 3*time.Hour + time.Microsecond})}
	},
	reflect.TypeFor[resource.Quantity]():  func(f *filler) any { return resource.MustParse(pick(f, quantities)) },
	reflect.TypeFor[intstr.IntOrString](): func(f *filler) any { return intstr.Parse(pick(f, []string{"80", "http", "25%", "-1"})) },
	reflect.TypeFor[runtime.RawExtension](): func(f *filler) any {
		return runtime.RawExtension{Raw: []byte(pick(f, raws))}
	},
	reflect.TypeFor[metav1.FieldsV1](): func(f *filler) any { return metav1.FieldsV1{Raw: []byte(`{"f:a":{".":{},"f:b":{}}}`)} },
	reflect.TypeFor[apiextensions.JSON](): func(f *filler) any {
		return apiextensions.JSON{Raw: []byte(pick(f, append(raws, `"text"`, "1", "true", "[]")))}
	},
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrArray](): func(f *filler) any {
		if f.random.IntN(2) == 0 {
			return apiextensions.JSONSchemaPropsOrArray{JSONSchemas: []apiextensions.JSONSchemaProps{{Type: "string"}, {}}}
		}
		return apiextensions.JSONSchemaPropsOrArray{Schema: &apiextensions.JSONSchemaProps{Type: "object"}}
	},
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrBool](): func(f *filler) any {
		if f.random.IntN(2) == 0 {
			return apiextensions.JSONSchemaPropsOrBool{Allows: f.random.IntN(2) == 0}
		}
		return apiextensions.JSONSchemaPropsOrBool{Allows: true, Schema: &apiextensions.JSONSchemaProps{Type: "integer"}}
	},
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrStringArray](): func(f *filler) any {
		if f.random.IntN(2) == 0 {
			return apiextensions.JSONSchemaPropsOrStringArray{Property: []string{"a", "b"}}
		}
		return apiextensions.JSONSchemaPropsOrStringArray{Schema: &apiextensions.JSONSchemaProps{Format: "date"}}
	},
}

func (f *filler) fill(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[metav1.TypeMeta]() {
		return
	}
	if make := special[v.Type()]; make != nil {
		if f.there(depth - 1) {
			v.Set(reflect.ValueOf(make(f)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), depth+1)
		}
	case reflect.Pointer:
		if !f.there(depth - 1) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		// A pointer to a zero time is null in JSON, as no pointer is.
		if make := special[v.Type().Elem()]; make != nil {
			v.Elem().Set(reflect.ValueOf(make(f)))
		} else {
			f.fill(v.Elem(), depth)
		}
	case reflect.Slice:
		f.slice(v, depth)
	case reflect.Map:
		f.entries(v, depth)
	default:
		if f.there(depth - 1) {
			f.scalar(v)
		}
	}
}

func (f *filler) there(depth int) bool { return f.random.Float64() < f.density(max(depth, 0)) }

func (f *filler) slice(v reflect.Value, depth int) {
	if !f.there(depth - 1) {
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(pick(f, texts)))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 1+f.random.IntN(2), 2))
	for i := range v.Len() {
		if v.Index(i).Kind() == reflect.String || v.Index(i).CanInt() {
			f.scalar(v.Index(i))
		} else {
			f.fill(v.Index(i), depth)
		}
	}
}

func (f *filler) entries(v reflect.Value, depth int) {
	if !f.there(depth - 1) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range 1 + f.random.IntN(3) {
		key := reflect.New(v.Type().Key()).Elem()
		f.scalar(key)
		value := reflect.New(v.Type().Elem()).Elem()
		f.fill(value, depth)
		if value.Kind() == reflect.Slice && value.IsNil() {
			value.Set(reflect.MakeSlice(value.Type(), 0, 0))
		}
		v.SetMapIndex(key, value)
	}
}

func (f *filler) scalar(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(pick(f, texts))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32:
		v.SetInt(pick(f, integers))
	case reflect.Int64:
		v.SetInt(pick(f, longs))
	case reflect.Float64:
		v.SetFloat(pick(f, []float64{0.5, -1e300, 3, 1e-7}))
	default:
		panic(v.Type().String())
	}
}
