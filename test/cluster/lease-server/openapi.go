package main

import (
	"reflect"
	"strings"

	coordination "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// describeLease describes the Lease and every type within it. Kubernetes generates such descriptions from its sources;
// that of one resource can as well be read off the Go types.
func describeLease(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	d := describer{ref, map[string]common.OpenAPIDefinition{}}
	d.describe(reflect.TypeFor[coordination.Lease]())
	return d.definitions
}

type describer struct {
	ref         common.ReferenceCallback
	definitions map[string]common.OpenAPIDefinition
}

// How lists merge, which Kubernetes has written in the comments of ObjectMeta. Any other list is replaced as a whole.
var listTypes = map[reflect.Type]spec.Extensions{
	reflect.TypeFor[[]metav1.OwnerReference](): {
		"x-kubernetes-list-type":     "map",
		"x-kubernetes-list-map-keys": []any{"uid"},
	},
	reflect.TypeFor[[]string](): {"x-kubernetes-list-type": "set"},
}

// selfDescribed is a struct that is not written as its fields, such as MicroTime.
type selfDescribed interface {
	OpenAPISchemaType() []string
	OpenAPISchemaFormat() string
}

// describe adds a struct to the definitions and gives its name there.
func (d describer) describe(t reflect.Type) string {
	sample := reflect.New(t).Interface()
	name := util.GetCanonicalTypeName(sample)
	if _, known := d.definitions[name]; known {
		return name
	}
	if self, ok := sample.(selfDescribed); ok {
		schema := spec.SchemaProps{Type: self.OpenAPISchemaType(), Format: self.OpenAPISchemaFormat()}
		d.definitions[name] = common.OpenAPIDefinition{Schema: spec.Schema{SchemaProps: schema}}
		return name
	}

	var dependencies []string
	properties := map[string]spec.Schema{}
	// The fields of a struct that is written inline are among the visible ones themselves.
	for _, f := range reflect.VisibleFields(t) {
		if property, _, _ := strings.Cut(f.Tag.Get("json"), ","); property != "" && property != "-" {
			properties[property] = d.schemaOf(f.Type, &dependencies)
		}
	}
	schema := spec.SchemaProps{Type: spec.StringOrArray{"object"}, Properties: properties}
	d.definitions[name] = common.OpenAPIDefinition{
		Schema:       spec.Schema{SchemaProps: schema},
		Dependencies: dependencies,
	}
	return name
}

func (d describer) schemaOf(t reflect.Type, dependencies *[]string) spec.Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return d.schemaOf(t.Elem(), dependencies)
	case reflect.Struct:
		name := d.describe(t)
		*dependencies = append(*dependencies, name)
		return spec.Schema{SchemaProps: spec.SchemaProps{Ref: d.ref(name)}}
	case reflect.Slice:
		items := d.schemaOf(t.Elem(), dependencies)
		list := spec.ArrayProperty(&items)
		list.Extensions = spec.Extensions{"x-kubernetes-list-type": "atomic"}
		if merged, ok := listTypes[t]; ok {
			list.Extensions = merged
		}
		return *list
	case reflect.Map:
		values := d.schemaOf(t.Elem(), dependencies)
		return *spec.MapProperty(&values)
	case reflect.Bool:
		return *spec.BooleanProperty()
	case reflect.Int32:
		return *spec.Int32Property()
	case reflect.Int64:
		return *spec.Int64Property()
	case reflect.String:
		return *spec.StringProperty()
	default:
		panic("no description of " + t.String())
	}
}
