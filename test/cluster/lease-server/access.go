package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// accessControl stands for the ServiceAccounts, Roles and Namespaces of a cluster, which the library does not have.
type accessControl struct{ file string }

type accessFile struct {
	Namespaces []string `json:"namespaces"`
	Users      []struct {
		Token string `json:"token"`
		Name  string `json:"name"`
		// Admin may do everything.
		Admin bool        `json:"admin"`
		Rules []leaseRule `json:"rules"`
	} `json:"users"`
}

// leaseRule is a rule of a Role: what may be done with the Leases of a namespace, or with those of these names.
type leaseRule struct {
	Namespace     string   `json:"namespace"`
	Verbs         []string `json:"verbs"`
	ResourceNames []string `json:"resourceNames"`
}

// What everybody may see, as with kube-apiserver's role system:public-info-viewer.
var publicPaths = []string{"/healthz", "/livez", "/readyz", "/version", "/version/"}

func (a accessControl) read() (access accessFile, err error) {
	content, err := os.ReadFile(a.file)
	if err != nil {
		return access, err
	}
	return access, json.Unmarshal(content, &access)
}

func (a accessControl) AuthenticateToken(_ context.Context, token string) (*authenticator.Response, bool, error) {
	access, err := a.read()
	if err != nil {
		return nil, false, err
	}
	for _, known := range access.Users {
		if known.Token == token {
			groups := []string{user.AllAuthenticated}
			return &authenticator.Response{User: &user.DefaultInfo{Name: known.Name, Groups: groups}}, true, nil
		}
	}
	return nil, false, nil
}

func (a accessControl) Authorize(_ context.Context, attributes authorizer.Attributes) (authorizer.Decision, string, error) {
	if !attributes.IsResourceRequest() && slices.Contains(publicPaths, attributes.GetPath()) {
		return authorizer.DecisionAllow, "", nil
	}
	access, err := a.read()
	if err != nil {
		return authorizer.DecisionNoOpinion, "", err
	}
	for _, known := range access.Users {
		if known.Name != attributes.GetUser().GetName() {
			continue
		}
		if known.Admin || slices.ContainsFunc(known.Rules, func(rule leaseRule) bool { return rule.allows(attributes) }) {
			return authorizer.DecisionAllow, "", nil
		}
	}
	return authorizer.DecisionNoOpinion, "", nil
}

func (r leaseRule) allows(attributes authorizer.Attributes) bool {
	return attributes.GetAPIGroup() == leasesResource.Group &&
		attributes.GetResource() == leasesResource.Resource &&
		attributes.GetNamespace() == r.Namespace &&
		slices.Contains(r.Verbs, attributes.GetVerb()) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, attributes.GetName()))
}

func (accessControl) Handles(operation admission.Operation) bool {
	return operation == admission.Create
}

// Validate refuses what is created in a namespace that does not exist.
func (a accessControl) Validate(_ context.Context, attributes admission.Attributes, _ admission.ObjectInterfaces) error {
	access, err := a.read()
	if err != nil {
		return err
	}
	if namespace := attributes.GetNamespace(); !slices.Contains(access.Namespaces, namespace) {
		return errors.NewNotFound(core.Resource("namespaces"), namespace)
	}
	return nil
}
