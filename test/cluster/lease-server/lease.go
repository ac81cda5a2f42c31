package main

import (
	"context"
	"slices"
	"strings"

	coordination "k8s.io/api/coordination/v1"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/storage/names"
)

// leaseRules is what a kube-apiserver knows of a Lease beyond what all resources have in common.
type leaseRules struct {
	runtime.ObjectTyper
	names.NameGenerator
}

var leases = leaseRules{scheme, names.SimpleNameGenerator}

func (leaseRules) NamespaceScoped() bool          { return true }
func (leaseRules) AllowCreateOnUpdate() bool      { return true }
func (leaseRules) AllowUnconditionalUpdate() bool { return false }

func (leaseRules) Validate(_ context.Context, created runtime.Object) field.ErrorList {
	meta := &created.(*coordination.Lease).ObjectMeta
	return append(
		metavalidation.ValidateObjectMeta(meta, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata")),
		validateSpec(specOf(created))...,
	)
}

func (leaseRules) ValidateUpdate(_ context.Context, updated, stored runtime.Object) field.ErrorList {
	meta, storedMeta := &updated.(*coordination.Lease).ObjectMeta, &stored.(*coordination.Lease).ObjectMeta
	return append(
		metavalidation.ValidateObjectMetaUpdate(meta, storedMeta, field.NewPath("metadata")),
		validateSpec(specOf(updated))...,
	)
}

// Nothing is dropped: a kube-apiserver of 1.36.2 has been seen to keep a strategy, which older ones did not know.

func (leaseRules) PrepareForCreate(context.Context, runtime.Object)                 {}
func (leaseRules) PrepareForUpdate(context.Context, runtime.Object, runtime.Object) {}
func (leaseRules) Canonicalize(runtime.Object)                                      {}
func (leaseRules) WarningsOnCreate(context.Context, runtime.Object) []string        { return nil }
func (leaseRules) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

func specOf(lease runtime.Object) *coordination.LeaseSpec { return &lease.(*coordination.Lease).Spec }

func validateSpec(spec *coordination.LeaseSpec) (errors field.ErrorList) {
	path := field.NewPath("spec")
	if seconds := spec.LeaseDurationSeconds; seconds != nil && *seconds <= 0 {
		errors = append(errors, field.Invalid(path.Child("leaseDurationSeconds"), *seconds, "must be greater than 0"))
	}
	if transitions := spec.LeaseTransitions; transitions != nil && *transitions < 0 {
		errors = append(errors, field.Invalid(path.Child("leaseTransitions"), *transitions, "must not be negative"))
	}
	if spec.Strategy != nil {
		errors = append(errors, validateStrategy(*spec.Strategy, path.Child("strategy"))...)
	}
	if preferred := spec.PreferredHolder; preferred != nil && *preferred != "" && (spec.Strategy == nil || *spec.Strategy == "") {
		errors = append(errors, field.Forbidden(path.Child("preferredHolder"), "needs a strategy"))
	}
	return errors
}

// validateStrategy takes Kubernetes' own strategies, and any with a domain before its name.
func validateStrategy(strategy coordination.CoordinatedLeaseStrategy, path *field.Path) (errors field.ErrorList) {
	known := []coordination.CoordinatedLeaseStrategy{coordination.OldestEmulationVersion}
	if slices.Contains(known, strategy) {
		return nil
	}
	if !strings.Contains(string(strategy), "/") {
		return field.ErrorList{field.NotSupported(path, strategy, known)}
	}
	for _, problem := range validation.IsQualifiedName(string(strategy)) {
		errors = append(errors, field.Invalid(path, strategy, problem))
	}
	return errors
}
