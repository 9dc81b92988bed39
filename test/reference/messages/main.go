// Writes what Kubernetes' own Go types make of seeded values, as JSON and as protobuf: for every type that discovery's kinds are made of.
// Run in this directory: go run . ../../../facts/discovery.json recorded
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type message interface{ Marshal() ([]byte, error) }

type kind struct{ Group, Version, Kind string }

type row struct {
	Group, Version string
	ResponseKind   kind
	Subresources   []struct{ ResponseKind kind }
}

// Types of requests and answers that no resource has.
var others = []runtime.Object{
	&metav1.Status{}, &metav1.APIGroup{}, &metav1.APIGroupList{}, &metav1.APIResourceList{}, &metav1.APIVersions{},
	&metav1.DeleteOptions{}, &metav1.PartialObjectMetadata{}, &metav1.PartialObjectMetadataList{},
	&apidiscovery.APIGroupDiscoveryList{},
}

func main() {
	utilruntime.Must(apiextensions.AddToScheme(scheme.Scheme))
	utilruntime.Must(apiregistration.AddToScheme(scheme.Scheme))
	kinds := map[string]reflect.Type{}
	for _, object := range append(served(os.Args[1]), others...) {
		t := reflect.TypeOf(object).Elem()
		kinds[nameOf(t)] = t
	}
	types := map[string]reflect.Type{}
	for _, t := range kinds {
		reach(t, types)
	}
	files := map[string]*bytes.Buffer{}
	for _, name := range sorted(types) {
		t := types[name]
		module := name[:strings.LastIndex(name, ".")]
		if files[module] == nil {
			files[module] = &bytes.Buffer{}
		}
		write(files[module], name, reflect.New(t))
		write(files[module], name, filled(t, name, everything))
		if _, ok := kinds[name]; ok {
			write(files[module], name+" ", filled(t, name, something))
		}
	}
	for module, text := range files {
		if err := os.WriteFile(filepath.Join(os.Args[2], module+".jsonl"), text.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func served(path string) (objects []runtime.Object) {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var resources []row
	if err := json.Unmarshal(text, &resources); err != nil {
		log.Fatal(err)
	}
	for _, each := range resources {
		kinds := []kind{each.ResponseKind}
		for _, sub := range each.Subresources {
			kinds = append(kinds, sub.ResponseKind)
		}
		for _, k := range kinds {
			gvk := schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
			if gvk.Version == "" {
				gvk.Group, gvk.Version = each.Group, each.Version
			}
			object, err := scheme.Scheme.New(gvk)
			if err != nil {
				log.Fatal(err)
			}
			objects = append(objects, object)
		}
	}
	return objects
}

// core.v1.Pod
func nameOf(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return parts[len(parts)-2] + "." + parts[len(parts)-1] + "." + t.Name()
}

func reach(t reflect.Type, types map[string]reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		reach(t.Elem(), types)
	case reflect.Struct:
		if special[t] != nil || t == reflect.TypeFor[metav1.TypeMeta]() {
			return
		}
		if types[nameOf(t)] != nil {
			return
		}
		if _, ok := reflect.New(t).Interface().(message); !ok {
			log.Fatalf("%v is no message", t)
		}
		types[nameOf(t)] = t
		for i := range t.NumField() {
			reach(t.Field(i).Type, types)
		}
	}
}

func write(out *bytes.Buffer, name string, value reflect.Value) {
	text, err := json.Marshal(value.Interface())
	if err != nil {
		log.Fatal(name, err)
	}
	data, err := value.Interface().(message).Marshal()
	if err != nil {
		log.Fatal(name, err)
	}
	fmt.Fprintf(out, "{\"type\":%q,\"json\":%s,\"message\":%q}\n", strings.TrimSpace(name), text, base64.StdEncoding.EncodeToString(data))
}

func sorted(types map[string]reflect.Type) []string {
	names := make([]string, 0, len(types))
	for name := range types {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
