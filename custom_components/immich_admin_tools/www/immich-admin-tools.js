var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,g=h.trustedTypes,_=g?g.emptyScript:``,ee=h.reactiveElementPolyfillSupport,te=(e,t)=>e,ne={toAttribute(e,t){switch(t){case Boolean:e=e?_:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},re=(e,t)=>!l(e,t),ie={attribute:!0,type:String,converter:ne,reflect:!1,useDefault:!1,hasChanged:re};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var v=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ie){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ie}static _$Ei(){if(this.hasOwnProperty(te(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(te(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(te(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?ne:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?ne:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??re)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};v.elementStyles=[],v.shadowRootOptions={mode:`open`},v[te(`elementProperties`)]=new Map,v[te(`finalized`)]=new Map,ee?.({ReactiveElement:v}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var ae=globalThis,oe=e=>e,se=ae.trustedTypes,ce=se?se.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,le=`$lit$`,y=`lit$${Math.random().toFixed(9).slice(2)}$`,ue=`?`+y,de=`<${ue}>`,b=document,fe=()=>b.createComment(``),pe=e=>e===null||typeof e!=`object`&&typeof e!=`function`,me=Array.isArray,he=e=>me(e)||typeof e?.[Symbol.iterator]==`function`,ge=`[ 	
\f\r]`,_e=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ve=/-->/g,ye=/>/g,x=RegExp(`>|${ge}(?:([^\\s"'>=/]+)(${ge}*=${ge}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),be=/'/g,xe=/"/g,Se=/^(?:script|style|textarea|title)$/i,Ce=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),S=Ce(1),we=Ce(2),C=Symbol.for(`lit-noChange`),w=Symbol.for(`lit-nothing`),Te=new WeakMap,T=b.createTreeWalker(b,129);function Ee(e,t){if(!me(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return ce===void 0?t:ce.createHTML(t)}var De=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=_e;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===_e?c[1]===`!--`?o=ve:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=x):(Se.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=x):o=ye:o===x?c[0]===`>`?(o=i??_e,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?x:c[3]===`"`?xe:be):o===xe||o===be?o=x:o===ve||o===ye?o=_e:(o=x,i=void 0);let d=o===x&&e[t+1].startsWith(`/>`)?` `:``;a+=o===_e?n+de:l>=0?(r.push(s),n.slice(0,l)+le+n.slice(l)+y+d):n+y+(l===-2?t:d)}return[Ee(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},Oe=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=De(t,n);if(this.el=e.createElement(l,r),T.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=T.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(le)){let t=u[o++],n=i.getAttribute(e).split(y),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Me:r[1]===`?`?Ne:r[1]===`@`?Pe:je}),i.removeAttribute(e)}else e.startsWith(y)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(Se.test(i.tagName)){let e=i.textContent.split(y),t=e.length-1;if(t>0){i.textContent=se?se.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],fe()),T.nextNode(),c.push({type:2,index:++a});i.append(e[t],fe())}}}else if(i.nodeType===8){if(i.data===ue)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(y,e+1))!==-1;)c.push({type:7,index:a}),e+=y.length-1}}a++}}static createElement(e,t){let n=b.createElement(`template`);return n.innerHTML=e,n}};function E(e,t,n=e,r){if(t===C)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=pe(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=E(e,i._$AS(e,t.values),i,r)),t}var ke=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??b).importNode(t,!0);T.currentNode=r;let i=T.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new Ae(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Fe(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=T.nextNode(),a++)}return T.currentNode=b,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},Ae=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=w,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=E(this,e,t),pe(e)?e===w||e==null||e===``?(this._$AH!==w&&this._$AR(),this._$AH=w):e!==this._$AH&&e!==C&&this._(e):e._$litType$===void 0?e.nodeType===void 0?he(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==w&&pe(this._$AH)?this._$AA.nextSibling.data=e:this.T(b.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=Oe.createElement(Ee(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new ke(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=Te.get(e.strings);return t===void 0&&Te.set(e.strings,t=new Oe(e)),t}k(t){me(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(fe()),this.O(fe()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=oe(e).nextSibling;oe(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},je=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=w,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=w}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=E(this,e,t,0),a=!pe(e)||e!==this._$AH&&e!==C,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=E(this,r[n+o],t,o),s===C&&(s=this._$AH[o]),a||=!pe(s)||s!==this._$AH[o],s===w?e=w:e!==w&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===w?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Me=class extends je{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===w?void 0:e}},Ne=class extends je{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==w)}},Pe=class extends je{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=E(this,e,t,0)??w)===C)return;let n=this._$AH,r=e===w&&n!==w||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==w&&(n===w||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Fe=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){E(this,e)}},Ie={M:le,P:y,A:ue,C:1,L:De,R:ke,D:he,V:E,I:Ae,H:je,N:Ne,U:Pe,B:Me,F:Fe},Le=ae.litHtmlPolyfillSupport;Le?.(Oe,Ae),(ae.litHtmlVersions??=[]).push(`3.3.3`);var Re=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new Ae(t.insertBefore(fe(),e),e,void 0,n??{})}return i._$AI(e),i},ze=globalThis,D=class extends v{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Re(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return C}};D._$litElement$=!0,D.finalized=!0,ze.litElementHydrateSupport?.({LitElement:D});var Be=ze.litElementPolyfillSupport;Be?.({LitElement:D}),(ze.litElementVersions??=[]).push(`4.2.2`);var Ve={attribute:!0,type:String,converter:ne,reflect:!1,hasChanged:re},He=(e=Ve,t,n)=>{let{kind:r,metadata:i}=n,a=globalThis.litPropertyMetadata.get(i);if(a===void 0&&globalThis.litPropertyMetadata.set(i,a=new Map),r===`setter`&&((e=Object.create(e)).wrapped=!0),a.set(n.name,e),r===`accessor`){let{name:r}=n;return{set(n){let i=t.get.call(this);t.set.call(this,n),this.requestUpdate(r,i,e,!0,n)},init(t){return t!==void 0&&this.C(r,void 0,e,t),t}}}if(r===`setter`){let{name:r}=n;return function(n){let i=this[r];t.call(this,n),this.requestUpdate(r,i,e,!0,n)}}throw Error(`Unsupported decorator location: `+r)};function O(e){return(t,n)=>typeof n==`object`?He(e,t,n):((e,t,n)=>{let r=t.hasOwnProperty(n);return t.constructor.createProperty(n,e),r?Object.getOwnPropertyDescriptor(t,n):void 0})(e,t,n)}function k(e){return O({...e,state:!0,attribute:!1})}var Ue=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function We(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return Ue(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return Ue(n,r,{get(){return a(this)}})}}var Ge={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Ke=e=>(...t)=>({_$litDirective$:e,values:t}),qe=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},Je={},A=Ke(class extends qe{constructor(){super(...arguments),this.ot=Je}render(e,t){return t()}update(e,[t,n]){if(Array.isArray(t)){if(Array.isArray(this.ot)&&this.ot.length===t.length&&t.every((e,t)=>e===this.ot[t]))return C}else if(this.ot===t)return C;return this.ot=Array.isArray(t)?Array.from(t):t,this.render(t,n)}}),{I:Ye}=Ie,Xe=e=>e,Ze=()=>document.createComment(``),Qe=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Ye(r.insertBefore(Ze(),i),r.insertBefore(Ze(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Xe(e).nextSibling;Xe(r).insertBefore(e,i),e=t}}}return n},j=(e,t,n=e)=>(e._$AI(t,n),e),$e={},et=(e,t=$e)=>e._$AH=t,tt=e=>e._$AH,nt=e=>{e._$AR(),e._$AA.remove()},rt=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},it=Ke(class extends qe{constructor(e){if(super(e),e.type!==Ge.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=tt(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=j(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=j(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=j(i[d],a[m]),Qe(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=j(i[f],a[p]),Qe(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=rt(o,p,m),u=rt(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=Qe(e,i[d]);j(t,a[p]),c[p]=t}else c[p]=j(n,a[p]),Qe(e,i[d],n),i[t]=null;p++}else nt(i[f]),f--}else nt(i[d]),d++;for(;p<=m;){let t=Qe(e,c[m+1]);j(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&nt(e)}return this.ut=o,et(e,c),C}}),at=(function(){let e=typeof document<`u`&&document.createElement(`link`).relList;return e&&e.supports&&e.supports(`modulepreload`)?`modulepreload`:`preload`})(),ot=function(e){return`/`+e},st={},ct=function(e){return e.pathname.endsWith(`.css`)},lt=function(e,t,n){if(t in e)return e[t];let r=n();if(!r){e[t]=void 0;return}let i=r.then(()=>{e[t]=void 0},n=>{throw e[t]=void 0,n});return e[t]=i,i},ut=function(e,t,n){let r=Promise.resolve();if(t&&t.length>0){let e,i=document.querySelector(`meta[property=csp-nonce]`),a=i?.nonce||i?.getAttribute(`nonce`);function o(e){return Promise.all(e.map(e=>Promise.resolve(e).then(e=>({status:`fulfilled`,value:e}),e=>({status:`rejected`,reason:e}))))}function s(e){return import.meta.resolve?new URL(import.meta.resolve(e)):new URL(e,import.meta.url)}r=o(t.map(t=>{t=ot(t,n);let r=s(t),i=ct(r);return lt(st,r.href,()=>{if(e===void 0){e={all:new Set,styles:new Set};let t=document.getElementsByTagName(`link`);for(let n=t.length-1;n>=0;n--){let r=t[n];e.all.add(r.href),r.rel===`stylesheet`&&e.styles.add(r.href)}}if((i?e.styles:e.all).has(r.href))return;let t=document.createElement(`link`);if(t.rel=i?`stylesheet`:at,i||(t.as=`script`),t.crossOrigin=``,t.href=r.href,a&&t.setAttribute(`nonce`,a),document.head.appendChild(t),i)return new Promise((e,n)=>{let i=a=>{t.removeEventListener(`load`,i),t.removeEventListener(`error`,i),a.type===`error`?n(Error(`Unable to preload CSS for ${r}`)):e(a)};t.addEventListener(`load`,i),t.addEventListener(`error`,i)})})}).filter(e=>e!==void 0))}function i(e){let t=new Event(`vite:preloadError`,{cancelable:!0});if(t.payload=e,window.dispatchEvent(t),!t.defaultPrevented)throw e}return r.then(t=>{for(let e of t||[])e.status===`rejected`&&i(e.reason);return e().catch(i)})},dt=new Map([[`de`,()=>ut(async()=>{let{de:e}=await import(`./de-BY1ssQ_U.js`);return{de:e}},[]).then(({de:e})=>e)],[`en`,()=>ut(async()=>{let{en:e}=await import(`./en--HdiiNjS.js`);return{en:e}},[]).then(({en:e})=>e)]]),ft=5e3,pt=new Map;function mt(e){let t=e.split(`-`)[0]??``;return dt.has(t)?t:`en`}function ht(e){return pt.has(mt(e))}async function gt(e){let t=mt(e);for(;!pt.has(t);)try{pt.set(t,await dt.get(t)?.()??{})}catch{await new Promise(e=>setTimeout(e,ft))}}var _t=class{constructor(e){this.language=e;let t=mt(e);this.words=pt.get(t)??{},this.plural=new Intl.PluralRules(t)}text(e,t={}){let n=vt(this.words,e),r;if(typeof n==`object`){let i=Number(t.count),a=this.plural.select(i);r=String(n[a]??n.other??e)}else r=n??e;return r.replace(/\{(\w+)\}/g,(e,n)=>{let r=(n===`count`?t.shown??t.count:t[n])??e;return String(r)})}keys(e){let t=vt(this.words,e);return typeof t==`object`?Object.keys(t):[]}has(e){return vt(this.words,e)!==void 0}};function vt(e,t){let n=e;for(let e of t.split(`.`)){if(typeof n!=`object`)return;n=n[e]}return n}var M=60,yt=3600,bt=24*yt,xt=class{constructor(e){let{locale:t}=e;this.words=new _t(t.language),this.locale=wt(t.number_format,t.language),this.whole=new Intl.NumberFormat(this.locale,{maximumFractionDigits:0,useGrouping:t.number_format!==`none`}),this.halves=new Intl.NumberFormat(this.locale,{maximumFractionDigits:1});let n=t.time_zone===`server`?{timeZone:e.config.time_zone}:{};this.zone=n,this.compact=new Intl.NumberFormat(this.locale,{maximumFractionDigits:1,useGrouping:t.number_format!==`none`});let r=t.time_format===`12`||t.time_format!==`24`&&void 0,i=r===void 0?{}:{hour12:r},a=t.language;this.clock=new Intl.DateTimeFormat(a,{hour:r??Ct(a)?`numeric`:`2-digit`,minute:`2-digit`,...i,...n}),this.weekday=new Intl.DateTimeFormat(a,{weekday:`short`,...n}),this.date=new Intl.DateTimeFormat(a,{day:`numeric`,month:`short`,...n}),this.day=new Intl.DateTimeFormat(`en-CA`,{dateStyle:`short`,...n})}count(e){return this.whole.format(e)}decimal(e,t=1){return t===1?this.halves.format(e):new Intl.NumberFormat(this.locale,{maximumFractionDigits:t}).format(e)}percent(e){return this.words.text(`unit.percent`,{value:this.whole.format(e*100)})}rate(e){if(e===null)return null;if(e===0)return this.words.text(`unit.rate_minute`,{value:`0`});if(e<1){let t=Math.max(1,Math.round(e*60));return`~${this.words.text(`unit.rate_hour`,{value:this.count(t)})}`}return`~${this.words.text(`unit.rate_minute`,{value:this.count(Math.round(e))})}`}duration(e){let t=Math.max(0,Math.round(e));if(t<M)return this.unit(`second`,t);if(t<300&&t%M)return`${this.unit(`minute`,Math.floor(t/M))} ${this.unit(`second`,t%M)}`;if(t<5400)return this.unit(`minute`,Math.round(t/M));if(t<48*yt){let e=Math.round(t/M),n=Math.floor(e/60),r=n<10?e%60:0,i=this.unit(`hour`,n<10?n:Math.round(e/60));return r?`${i} ${this.unit(`minute`,r)}`:i}return this.unit(`day`,Math.round(t/bt))}seconds(e){if(e>=100)return this.duration(e);let t=e<10?this.decimal(e):this.count(e);return this.words.text(`unit.second`,{count:e,shown:t})}timeLeft(e){return e<M?this.words.text(`time_left.under_a_minute`):this.inUnit(e,St(e))}timeLeftRange(e){if(e.remaining<M)return null;let t=St(e.remaining),n=e.remaining-(e.finish-e.low)/1e3,r=e.remaining+(e.high-e.finish)/1e3,i=this.amount(Math.max(0,n),t),a=this.amount(r,t);return i===a?null:this.words.text(`unit.${t}`,{count:2,shown:`${i}–${a}`})}time(e,t=Date.now()){let n=new Date(e),r=this.clock.format(n);return this.day.format(n)===this.day.format(new Date(t))?r:`${(Math.abs(t-e)<6*bt*1e3?this.weekday:this.date).format(n)} ${r}`}clockTime(e){return this.clock.format(new Date(e))}get longTimes(){return this.clock.resolvedOptions().hour12??!1}dayOf(e){return this.day.format(new Date(e))}weekdayName(e,t=`long`){return new Intl.DateTimeFormat(this.words.language,{weekday:t,...this.zone}).format(new Date(e))}fullDay(e){return new Intl.DateTimeFormat(this.words.language,{weekday:`long`,day:`numeric`,month:`long`,...this.zone}).format(new Date(e))}shortDay(e){return this.date.format(new Date(e))}wholeHour(e){let[t,n]=new Intl.DateTimeFormat(`en-GB`,{hour:`2-digit`,minute:`2-digit`,...this.zone}).format(new Date(e)).split(`:`).map(Number);return n===0&&t!==void 0?t%24:null}short(e){if(e<500)return this.decimal(e);let[t,n]=e<999500?[1e3,`k`]:[1e6,`M`],r=e/t;return`${(r<9.95?this.compact:this.whole).format(r)}${n}`}bytes(e){let t=[`B`,`KB`,`MB`,`GB`,`TB`],n=e,r=0;for(;n>=1e3&&r<t.length-1;)n/=1e3,r+=1;return`${n<100&&r>0?this.decimal(n):this.count(n)} ${t[r]}`}list(e){return new Intl.ListFormat(this.words.language,{type:`conjunction`}).format(e)}inUnit(e,t){let n=this.amount(e,t);return this.words.text(`unit.${t}`,{count:n===`1`?1:2,shown:n})}amount(e,t){switch(t){case`minute`:return this.count(Math.max(1,Math.round(e/M)));case`hour`:{let t=e/yt;return this.halves.format(e<10*yt?Math.round(t*2)/2:Math.round(t))}case`day`:return this.halves.format(Math.round(e/bt*2)/2)}}unit(e,t){return this.words.text(`unit.${e}`,{count:t,shown:this.count(t)})}};function St(e){return e<5400?`minute`:e<48*yt?`hour`:`day`}function Ct(e){return new Intl.DateTimeFormat(e,{hour:`numeric`}).resolvedOptions().hour12??!1}function wt(e,t){switch(e){case`comma_decimal`:return`en-US`;case`decimal_comma`:return`de`;case`space_comma`:return`fr`;case`quote_decimal`:return`de-CH`;case`system`:return navigator.language;default:return t}}function Tt(e){if(!e.run)return null;let t=e.run.done+e.waiting+e.active;return t>0?e.run.done/t:null}var Et=new Map(Object.entries({thumbnailGeneration:`file-jpg-box`,metadataExtraction:`table`,videoConversion:`video`,faceDetection:`face-recognition`,facialRecognition:`tag-faces`,smartSearch:`image-search`,duplicateDetection:`content-duplicate`,ocr:`ocr`,library:`library-shelves`,sidecar:`file-xml-box`,storageTemplateMigration:`folder-move`,migration:`database-arrow-up`,backgroundTask:`tray-full`,search:`magnify`,notifications:`bell-outline`,backupDatabase:`database-outline`,workflow:`state-machine`,integrityCheck:`shield-check-outline`,editor:`image-edit-outline`}));function Dt(e){return`mdi:${Et.get(e)??`tray-full`}`}function Ot(e){return e.state!==`idle`||e.waiting>0||e.active>0||e.stuck>0}function kt(e,t=60){if(e.length<=t)return e;let n=Math.floor((t-1)/2);return`${e.slice(0,n)}…${e.slice(-n)}`}function At(e){return typeof e==`object`&&e&&`message`in e?String(e.message):String(e)}function jt(e){history.pushState(null,``,e),window.dispatchEvent(new CustomEvent(`location-changed`,{detail:{replace:!1}}))}function Mt(e,t){e.dispatchEvent(new CustomEvent(`hass-more-info`,{detail:{entityId:t},bubbles:!0,composed:!0}))}function Nt(){let e=document.querySelector(`home-assistant`),t={language:navigator.language,number_format:`language`,time_format:`language`,time_zone:`local`};return e?.hass??{locale:t,config:{time_zone:`UTC`}}}var Pt=[`queues`,`sparks`,`stuck`,`outcomes`,`gpu_hosts`];function Ft(e){return e.unreachable_since===null||e.source===`redis`}function It(e,t){let n={...e,...t};for(let r of Pt){let i=t[r];if(!i)continue;let a={...e[r]};for(let[e,t]of Object.entries(i))t===null?delete a[e]:a[e]=t;Object.assign(n,{[r]:a})}return n}var Lt=5e3,Rt=5e3,zt=3e4,Bt=3e3,Vt=class{constructor(e){this.connection=e,this.listeners=new Set,this.unsubscribe=null,this.attached=!1,this.onLost=()=>this.lost(),this.onReady=()=>{this.unsubscribe=null,this.listeners.size>0&&this.open()}}listen(e){return clearTimeout(this.closing),this.listeners.add(e),this.open(),()=>{this.listeners.delete(e),this.listeners.size===0&&(clearTimeout(this.closing),this.closing=setTimeout(()=>this.close(),Lt))}}tell(){for(let e of[...this.listeners])e()}open(){if(this.attached||(this.attached=!0,this.connection.addEventListener(`disconnected`,this.onLost),this.connection.addEventListener(`ready`,this.onReady)),this.unsubscribe)return;clearTimeout(this.retrying);let e=this.connection.subscribeMessage(t=>{this.unsubscribe===e&&this.receive(t)},this.request(),{resubscribe:!1});this.unsubscribe=e,e.catch(t=>{this.unsubscribe===e&&(this.unsubscribe=null,this.refused(t??{}),t?.code!==`not_found`&&(this.retrying=setTimeout(()=>this.listeners.size>0&&this.open(),Rt)))})}closed(){}close(){this.closed(),clearTimeout(this.retrying);let e=this.unsubscribe;this.unsubscribe=null,this.attached=!1,this.connection.removeEventListener(`disconnected`,this.onLost),this.connection.removeEventListener(`ready`,this.onReady),e?.then(e=>e()).catch(()=>void 0)}},Ht=class extends Vt{now(){return Date.now()-this.skew}constructor(e,t){super(e),this.entryId=t,this.view={status:`loading`},this.skew=0}request(){return{type:`immich_admin_tools/subscribe`,entry_id:this.entryId}}receive(e){switch(e.type){case`snapshot`:this.view={status:`ready`,snapshot:e.snapshot},this.compareClocks(e.snapshot.as_of,e.snapshot.poll_interval*1e3);break;case`delta`:if(!(`snapshot`in this.view)||!this.view.snapshot)return;this.view={status:`ready`,snapshot:It(this.view.snapshot,e.delta)},this.compareClocks(e.delta.as_of);break;case`not_loaded`:{let{title:t,state:n,reason:r}=e;this.view={status:`not_loaded`,title:t,state:n,reason:r};break}case`not_found`:this.view={status:`not_found`}}this.expectMore(),this.tell()}compareClocks(e,t=0){if(e!==void 0){let n=Date.now()-e;this.skew=n>-3e3&&n<Bt+t?0:n}}expectMore(){if(clearTimeout(this.silence),this.view.status===`ready`&&this.view.snapshot.unreachable_since===null){let e=Math.max(zt,3e3*this.view.snapshot.poll_interval);this.silence=setTimeout(()=>this.lost(),e)}}closed(){clearTimeout(this.silence),this.view={status:`loading`}}lost(){if(this.view.status===`not_found`)return;let e=this.view.status===`ready`||this.view.status===`disconnected`?this.view.snapshot:null;this.view={status:`disconnected`,snapshot:e},this.tell()}refused(e){this.view=e.code===`not_found`?{status:`not_found`}:{status:`failed`,message:(e.code===`unknown_command`?e.code:e.message)??``},this.tell()}},Ut=class extends Vt{constructor(...e){super(...e),this.instances=null,this.problem=null}request(){return{type:`immich_admin_tools/subscribe_instances`}}receive(e){this.instances=e,this.problem=null,this.tell()}lost(){this.tell()}refused(e){this.problem=e.code??e.message??``,this.tell()}},Wt=new WeakMap,Gt=new WeakMap;function Kt(e,t){let n=Wt.get(e.connection);n||Wt.set(e.connection,n=new Map);let r=n.get(t);return r||n.set(t,r=new Ht(e.connection,t)),r}function qt(e){let t=Gt.get(e.connection);return t||Gt.set(e.connection,t=new Ut(e.connection)),t}function Jt(e){let t=qt(e);return new Promise((e,n)=>{let r=()=>{t.instances?(i(),e(t.instances)):t.problem!==null&&(i(),n(Error(t.problem)))},i=t.listen(r);r()})}var N=o`
  :host {
    --iat-card: var(--ha-card-background, var(--card-background-color, #fff));
    --iat-text: var(--primary-text-color, #212121);
    --iat-secondary: var(--secondary-text-color, #727272);
    --iat-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --iat-primary-ink: color-mix(in srgb, var(--primary-color) 72%, var(--iat-text));
    --iat-success-ink: color-mix(in srgb, var(--success-color) 72%, var(--iat-text));
    --iat-warning-ink: color-mix(in srgb, var(--warning-color) 58%, var(--iat-text));
    --iat-error-ink: color-mix(in srgb, var(--error-color) 78%, var(--iat-text));
    --iat-primary-tint: color-mix(in srgb, var(--primary-color) 13%, var(--iat-card));
    --iat-success-tint: color-mix(in srgb, var(--success-color) 12%, var(--iat-card));
    --iat-warning-tint: color-mix(in srgb, var(--warning-color) 16%, var(--iat-card));
    --iat-error-tint: color-mix(in srgb, var(--error-color) 13%, var(--iat-card));
    --iat-neutral-tint: color-mix(in srgb, var(--iat-secondary) 15%, var(--iat-card));
    --iat-main-tint: color-mix(in srgb, var(--primary-color) 24%, var(--iat-card));
    --mdc-icon-size: 24px;
    color: var(--iat-text);
    font-variant-numeric: tabular-nums;
  }
`,Yt=o`
  * {
    box-sizing: border-box;
  }
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  button {
    font: inherit;
    color: inherit;
  }
  a {
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--iat-primary-ink);
    outline-offset: 2px;
  }
  .secondary {
    color: var(--iat-secondary);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`,Xt=o`
  :host {
    display: block;
    height: 100%;
  }
  ha-card {
    container: card / inline-size;
    height: 100%;
    overflow: hidden;
  }
  .head {
    display: flex;
    align-items: center;
    gap: 6px;
    min-height: 56px;
    padding: 8px 16px;
  }
  .head h2 {
    font-size: 16px;
    line-height: 24px;
    font-weight: 500;
  }
  .head .secondary {
    font-size: 14px;
    line-height: 20px;
  }
  .head .end {
    margin-inline-start: auto;
    display: flex;
    align-items: center;
  }
  .stale {
    color: var(--iat-secondary);
  }
`,Zt=o`
  .button {
    position: relative;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 40px;
    padding: 8px 16px;
    border: 1px solid transparent;
    border-radius: 20px;
    background: var(--iat-neutral-tint);
    color: var(--iat-text);
    font-size: 14px;
    line-height: 20px;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    --mdc-icon-size: 18px;
  }
  .button::after {
    content: "";
    position: absolute;
    inset: -5px 0;
  }
  .button ha-icon {
    display: flex;
    flex: none;
  }
  .button.main {
    background: var(--iat-main-tint);
  }
  .button.main ha-icon {
    color: var(--iat-primary-ink);
  }
  .button.text {
    background: none;
    padding: 8px;
  }
  .button.icon {
    width: 40px;
    padding: 0;
    border-radius: 50%;
    background: none;
    color: var(--iat-secondary);
    --mdc-icon-size: 24px;
    flex: none;
  }
  .button.icon::after {
    inset: -4px;
  }
  .button.icon.filled {
    background: var(--iat-neutral-tint);
    color: var(--iat-text);
  }
  .button[disabled] {
    opacity: 0.5;
    cursor: default;
  }
  @media (hover: hover) {
    .button:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, var(--iat-neutral-tint));
    }
    .button.main:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, var(--iat-main-tint));
    }
    .button.text:hover:not([disabled]),
    .button.icon:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, transparent);
    }
  }
  @media (forced-colors: active) {
    .button {
      border-color: ButtonText;
    }
  }
`,Qt=o`
  .note {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 6px 12px;
    border-radius: 8px;
    border: 1px solid transparent;
    background: var(--iat-neutral-tint);
    font-size: 13px;
    line-height: 18px;
    --mdc-icon-size: 18px;
  }
  .note > ha-icon {
    display: flex;
    flex: none;
    color: var(--iat-secondary);
  }
  .note.info {
    background: var(--iat-primary-tint);
  }
  .note.info > ha-icon {
    color: var(--iat-primary-ink);
  }
  .note.success {
    background: var(--iat-success-tint);
  }
  .note.success > ha-icon {
    color: var(--iat-success-ink);
  }
  .note.warning {
    background: var(--iat-warning-tint);
  }
  .note.warning > ha-icon {
    color: var(--iat-warning-ink);
  }
  .note.error {
    background: var(--iat-error-tint);
  }
  .note.error > ha-icon {
    color: var(--iat-error-ink);
  }
  .note .words {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .note .link {
    position: relative;
    border: 0;
    background: none;
    padding: 4px 0;
    font-weight: 500;
    text-align: end;
    text-decoration: underline;
    text-underline-offset: 2px;
    cursor: pointer;
  }
  .note .link::after {
    content: "";
    position: absolute;
    inset: -10px -8px;
  }
  @media (forced-colors: active) {
    .note {
      border-color: CanvasText;
    }
  }
`;function P(e,t,n,r){var i=arguments.length,a=i<3?t:r===null?r=Object.getOwnPropertyDescriptor(t,n):r,o;if(typeof Reflect==`object`&&typeof Reflect.decorate==`function`)a=Reflect.decorate(e,t,n,r);else for(var s=e.length-1;s>=0;s--)(o=e[s])&&(a=(i<3?o(a):i>3?o(t,n,a):o(t,n))||a);return i>3&&a&&Object.defineProperty(t,n,a),a}var F=class extends D{constructor(...e){super(...e),this.config=null,this.view={status:`loading`},this.actionError=null,this._hass=null,this.feed=null,this.followed=null,this.instances=null,this.stopFeed=null,this.stopInstances=null}static{this.styles=[N,Yt,Xt,Zt,Qt]}static getConfigForm(){return en()}static getStubConfig(){return{}}get hass(){return this._hass}set hass(e){let t=this._hass;this._hass=e,t&&t.locale===e.locale&&t.language===e.language||this.read(e),t&&t.connection===e.connection||this.follow(),this.hassChanged(t,e)}async read(e){ht(e.locale.language)||await gt(e.locale.language),(e===this._hass||e.locale===this._hass?.locale)&&(this.format=new xt(this._hass),this.requestUpdate())}hassChanged(e,t){}setConfig(e){let{entry_id:t}=e;if(t!==void 0&&typeof t!=`string`)throw Error(`entry_id must be the id of a config entry.`);this.config=e,this.follow()}getCardSize(){return 4}getGridOptions(){return{columns:12,min_columns:6,rows:`auto`}}connectedCallback(){super.connectedCallback(),this.follow()}disconnectedCallback(){super.disconnectedCallback(),this.unfollow()}now(){return this.feed?.now()??Date.now()}follow(){this._hass&&this.config&&this.isConnected&&(this.unfollow(),this.config.entry_id?this.followEntry(this.config.entry_id):(this.instances=qt(this._hass),this.stopInstances=this.instances.listen(()=>this.chooseInstance()),this.chooseInstance()))}unfollow(){this.stopFeed?.(),this.stopInstances?.(),this.stopFeed=this.stopInstances=null,this.feed=this.instances=this.followed=null}chooseInstance(){let e=this.instances?.instances;if(!e){this.instances?.problem&&(this.view={status:`failed`,message:this.instances.problem});return}let t=e.some(e=>e.entry_id===this.followed),n=e.find(e=>e.loaded)??e[0];n?this.feed&&t||this.followEntry(n.entry_id):(this.stopFeed?.(),this.feed=this.stopFeed=this.followed=null,this.view={status:`not_found`})}followEntry(e){this.stopFeed?.();let t=Kt(this.hass,e);this.feed=t,this.followed=e,this.stopFeed=t.listen(()=>this.view=t.view),this.view=t.view}renderLoading(){return S`<ha-card aria-busy="true"></ha-card>`}render(){if(!this._hass||!this.config||!this.format)return w;let{view:e}=this;switch(e.status){case`ready`:return this.renderCard(e.snapshot,!1);case`disconnected`:return e.snapshot?this.renderCard(e.snapshot,!0):this.renderProblem(`mdi:lan-disconnect`,this.t(`card.disconnected`));case`loading`:return this.renderLoading();case`not_loaded`:return this.renderNotLoaded(e);case`not_found`:return this.renderNotFound();case`failed`:return this.renderProblem(`mdi:alert-circle`,e.message===`unknown_command`?this.t(`card.unknown_command`):this.t(`card.failed`,{message:e.message}))}}renderNotLoaded(e){let t=`card.state.${e.state}`,n=e.reason??(this.format.words.has(t)?this.t(t):``);return this.renderProblem(`mdi:alert-circle`,this.t(`card.not_loaded`,{title:e.title}),n,this.hass.user?.is_admin?S`<button class="button" @click=${$t}>${this.t(`card.open_settings`)}</button>`:w)}renderNotFound(){return this.config?.entry_id?this.renderProblem(`mdi:help-circle-outline`,this.t(`card.not_found`),this.t(`card.not_found_hint`)):this.renderProblem(`mdi:information-outline`,this.t(`card.no_instance`),this.t(`card.no_instance_hint`),this.hass.user?.is_admin?S`<button class="button" @click=${()=>jt(`/config/integrations/dashboard`)}>
            ${this.t(`card.add`)}
          </button>`:w)}renderProblem(e,t,n=``,r=w){return S`<ha-card>
      <div class="problem" style="padding: 16px; display: grid; gap: 12px; justify-items: start;">
        <div class="note error" role="status" style="width: 100%">
          <ha-icon .icon=${e}></ha-icon>
          <div class="words"><strong>${t}</strong> ${n}</div>
        </div>
        ${r}
      </div>
    </ha-card>`}t(e,t={}){return this.format.words.text(e,t)}async act(e,t){this.actionError=null;try{let{response:n}=await this.hass.callService(`immich_admin_tools`,e,t,void 0,!1,!0);return n??{}}catch(e){return this.actionError=At(e),null}}renderActionError(){return this.actionError===null?w:S`<div class="note error" role="alert">
      <ha-icon icon="mdi:alert-circle"></ha-icon>
      <span class="words"><strong>${this.t(`card.action_failed`)}</strong> ${this.actionError}</span>
      <button class="link" @click=${()=>this.actionError=null}>${this.t(`action.dismiss`)}</button>
    </div>`}};P([k()],F.prototype,`config`,void 0),P([k()],F.prototype,`view`,void 0),P([k()],F.prototype,`actionError`,void 0);function $t(){jt(`/config/integrations/integration/immich_admin_tools`)}function en(e=[],t={}){let n=new xt(Nt()).words;return{schema:[{name:`entry_id`,selector:{config_entry:{integration:`immich_admin_tools`}}},...e],computeLabel:e=>n.text(t[e.name]??`card.editor.${e.name}`),computeHelper:e=>{let r=`${t[e.name]??`card.editor.${e.name}`}_help`;return n.has(r)?n.text(r):void 0}}}var tn=class{constructor(e,t,n){this.host=e,this.ask=t,this.seconds=n,this.value=null,this.problem=null,this.asked=0,this.at=0,this.connected=!1,this.ifDue=()=>{Date.now()-this.at>=this.seconds*1e3&&document.visibilityState!==`hidden`&&this.refresh()},e.addController(this)}hostConnected(){this.connected=!0,this.timer=setInterval(()=>this.ifDue(),5e3),document.addEventListener(`visibilitychange`,this.ifDue),this.ifDue()}hostDisconnected(){this.connected=!1,clearInterval(this.timer),document.removeEventListener(`visibilitychange`,this.ifDue)}reset(){this.value=null,this.problem=null,this.refresh()}async refresh(){let e=this.asked+=1,t=this.connected?this.ask():null;if(t){this.at=Date.now();try{let n=await t;e===this.asked&&(this.value=n,this.problem=null)}catch(t){if(e===this.asked){let{code:e,message:n}=t??{};this.problem=typeof e==`string`?e:n??``}}this.host.requestUpdate()}}},I=window,nn=`https://github.com/immich-admin-tools/immich-admin-tools`;function rn(){return new _t(Nt().locale.language)}gt(Nt().locale.language);function L(e){return t=>{customElements.get(e)||customElements.define(e,t)}}function R(e,t,n,r){customElements.get(e)||customElements.define(e,t),I.customCards??=[],I.customCards.some(t=>t.type===e)||I.customCards.push({type:e,get name(){return rn().text(`${n}.name`)},get description(){return rn().text(`${n}.description`)},preview:!0,documentationURL:nn,getEntitySuggestion(t,n){let i=t.entities[n];return i?.platform!==`immich_admin_tools`||!r(i.translation_key??``)?null:{config:{type:`custom:${e}`}}}})}function an(e,t,n){let r=`ll-strategy-dashboard-${e}`;customElements.get(r)||customElements.define(r,t),I.customStrategies??=[],I.customStrategies.some(t=>t.type===e)||I.customStrategies.push({type:e,strategyType:`dashboard`,get name(){return rn().text(`${n}.name`)},get description(){return rn().text(`${n}.description`)},documentationURL:nn})}var on=22.5,sn=2*Math.PI*on,z=class extends D{constructor(...e){super(...e),this.icon=``,this.tone=`neutral`,this.progress=null,this.progressLabel=``,this.badge=null,this.badgeTone=`neutral`}static{this.styles=[N,o`
      :host {
        --size: var(--iat-tile-size, 40px);
        position: relative;
        display: inline-flex;
        align-items: center;
        justify-content: center;
        flex: none;
        width: var(--size);
        height: var(--size);
        border-radius: 50%;
        background: var(--iat-neutral-tint);
        color: var(--iat-secondary);
        --mdc-icon-size: calc(var(--size) / 2 + 2px);
      }
      ha-icon {
        display: flex;
      }
      :host([tone="primary"]) {
        background: var(--iat-primary-tint);
        color: var(--iat-primary-ink);
      }
      :host([tone="success"]) {
        background: var(--iat-success-tint);
        color: var(--iat-success-ink);
      }
      :host([tone="warning"]) {
        background: var(--iat-warning-tint);
        color: var(--iat-warning-ink);
      }
      :host([tone="error"]) {
        background: var(--iat-error-tint);
        color: var(--iat-error-ink);
      }
      svg {
        position: absolute;
        inset: -3px;
        width: calc(100% + 6px);
        height: calc(100% + 6px);
        transform: rotate(-90deg);
      }
      circle {
        fill: none;
        stroke: currentColor;
        stroke-width: 3;
        stroke-linecap: round;
        transition: stroke-dashoffset 300ms;
      }
      .badge {
        position: absolute;
        inset-inline-end: -4px;
        inset-block-end: -4px;
        display: flex;
        padding: 1px;
        border-radius: 50%;
        background: var(--iat-card);
        color: var(--iat-secondary);
        --mdc-icon-size: calc(var(--size) * 0.35 + 2px);
      }
      .badge.warning {
        color: var(--iat-warning-ink);
      }
      .badge.error {
        color: var(--iat-error-ink);
      }
      .badge.success {
        color: var(--iat-success-ink);
      }
      @media (prefers-reduced-motion: reduce) {
        circle {
          transition: none;
        }
      }
      @media (forced-colors: active) {
        :host {
          border: 1px solid CanvasText;
        }
      }
    `]}render(){return S`<ha-icon .icon=${this.icon} aria-hidden="true"></ha-icon>${this.badge?S`<span class="badge ${this.badgeTone}" aria-hidden="true"
              ><ha-icon .icon=${this.badge}></ha-icon
            ></span>`:this.renderProgress()}`}renderProgress(){if(this.progress===null)return w;let e=Math.min(1,Math.max(0,this.progress));return S`<svg viewBox="0 0 48 48" role="img" aria-label=${this.progressLabel}>
      ${we`<circle cx="24" cy="24" r=${on} stroke-dasharray=${sn} stroke-dashoffset=${sn*(1-e)}></circle>`}
    </svg>`}};P([O()],z.prototype,`icon`,void 0),P([O({reflect:!0})],z.prototype,`tone`,void 0),P([O({type:Number})],z.prototype,`progress`,void 0),P([O()],z.prototype,`progressLabel`,void 0),P([O()],z.prototype,`badge`,void 0),P([O()],z.prototype,`badgeTone`,void 0),z=P([L(`immich-tools-icon-tile`)],z);var cn=3600,ln=new Map,un=new WeakSet;function dn(e,t){un.has(e.connection)||(un.add(e.connection),e.connection.addEventListener(`ready`,()=>ln.clear()));let n=ln.get(t);if(n&&n.until>Date.now())return n.url;let r=e.callWS({type:`auth/sign_path`,path:t,expires:cn}).then(e=>e.path);return ln.set(t,{url:r,until:Date.now()+33e5}),r.catch(()=>ln.delete(t)),r}var B=class extends D{constructor(...e){super(...e),this.path=null,this.alt=``,this.fallback=`mdi:image-off-outline`,this.url=null,this.failed=()=>{this.url=null}}static{this.styles=[N,o`
      :host {
        display: flex;
        align-items: center;
        justify-content: center;
        flex: none;
        width: var(--iat-thumbnail-size, 88px);
        height: var(--iat-thumbnail-size, 88px);
        overflow: hidden;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
        color: var(--iat-secondary);
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
    `]}willUpdate(e){e.has(`path`)&&(this.url=null,this.load(this.path))}async load(e){if(e)try{let t=await dn(this.hass,e);e===this.path&&(this.url=t)}catch{}}render(){return this.url?S`<img src=${this.url} alt=${this.alt||w} loading="lazy" @error=${this.failed} />`:S`<ha-icon .icon=${this.fallback} aria-hidden="true"></ha-icon>`}};P([O({attribute:!1})],B.prototype,`hass`,void 0),P([O()],B.prototype,`path`,void 0),P([O()],B.prototype,`alt`,void 0),P([O()],B.prototype,`fallback`,void 0),P([k()],B.prototype,`url`,void 0),B=P([L(`immich-tools-thumbnail`)],B);var fn=o`
  .chip {
    position: relative;
    display: inline-flex;
    align-items: center;
    gap: 8px;
    min-height: 32px;
    padding: 4px 12px;
    border: 1px solid var(--iat-line);
    border-radius: 8px;
    font-size: 13px;
    line-height: 18px;
    font-weight: 500;
    cursor: pointer;
    --mdc-icon-size: 18px;
  }
  .chip::after {
    content: "";
    position: absolute;
    inset: -6px 0;
    pointer-events: none;
  }
  .chip ha-icon {
    display: flex;
    flex: none;
  }
  .chip input,
  .segments input {
    position: absolute;
    inset: -6px 0;
    width: 100%;
    height: calc(100% + 12px);
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .chip:has(input:checked) {
    background: var(--iat-main-tint);
    border-color: transparent;
  }
  .chip:has(:focus-visible),
  .segments label:has(:focus-visible) {
    outline: 2px solid var(--iat-primary-ink);
    outline-offset: 2px;
  }
  .chip.choice {
    padding: 0;
    min-width: 0;
    max-width: 100%;
  }
  .chip.choice select {
    appearance: none;
    field-sizing: content;
    min-height: 30px;
    max-width: 100%;
    padding: 4px 34px 4px 12px;
    padding-inline: 12px 34px;
    border: 0;
    border-radius: 8px;
    background: none;
    color: inherit;
    font: inherit;
    text-overflow: ellipsis;
    cursor: pointer;
    outline: none;
  }
  .chip.choice option {
    background: var(--iat-card);
    color: var(--iat-text);
  }
  .chip.choice ha-icon {
    position: absolute;
    inset-inline-end: 8px;
    pointer-events: none;
  }
  .segments {
    display: inline-flex;
    flex: none;
    margin: 0;
    padding: 2px;
    border: 1px solid transparent;
    border-radius: 18px;
    background: var(--iat-neutral-tint);
  }
  .segments label {
    position: relative;
    display: inline-flex;
    align-items: center;
    min-height: 28px;
    padding: 4px 12px;
    border: 1px solid transparent;
    border-radius: 14px;
    font-size: 13px;
    line-height: 18px;
    font-weight: 500;
    cursor: pointer;
  }
  .segments label:has(input:checked) {
    background: var(--iat-card);
    border-color: var(--iat-line);
  }
  @media (forced-colors: active) {
    .chip:has(input:checked),
    .segments label:has(input:checked) {
      border: 2px solid Highlight;
    }
    .segments {
      border-color: CanvasText;
    }
  }
`,pn={job_stuck:[`alert`,`warning`],job_recovered:[`check-circle-outline`,`success`],job_cleared:[`check-circle`,`success`],job_requeued:[`undo-variant`,`success`],job_failed:[`close-circle-outline`,`neutral`],job_ignored:[`eye-off`,`neutral`],heal_unconfirmed:[`account-lock`,`warning`],worker_lost:[`account-off`,`error`],worker_back:[`account-hard-hat-outline`,`success`],queue_finished:[`check`,`success`],queue_paused:[`pause`,`neutral`],queue_resumed:[`play`,`primary`],workers_restarted:[`restart`,`primary`],restart_failed:[`restart-alert`,`error`],restart_unconfirmed:[`restart-alert`,`warning`],gpu_wake:[`power`,`neutral`],gpu_ready:[`desktop-tower`,`primary`],gpu_wake_failed:[`power-plug-off-outline`,`error`],gpu_sleep:[`power-sleep`,`neutral`],gpu_sleep_failed:[`power-plug-outline`,`warning`],jobs_burnt:[`alert-circle`,`error`]},mn={by_hand:`hand-back-right`,user:`timer-outline`,gpu_offline:`power-sleep`},hn=[`job_cleared`,`job_requeued`,`job_failed`],gn=[`wake`,`ready`,`wake_failed`,`sleep`];function _n(e,t,n){let[r,i]=yn(e);return{icon:`mdi:${r}`,tone:i,title:bn(e,t,n),details:xn(e,t,n).filter(e=>!!e)}}function vn(e){let t=({queue:e,job_id:t,at:n})=>JSON.stringify([e,t,n]),n=new Set(e.filter(({type:e})=>hn.includes(e)).map(t));return e.filter(e=>e.type!==`heal_unconfirmed`||!n.has(t(e)))}function yn(e){if(hn.includes(e.type)){if(e.outcome===`failed`)return[`close-circle-outline`,`neutral`];if(e.outcome===`slot_lost`||e.outcome===`unconfirmed`)return[e.type===`job_requeued`?`undo-variant`:`broom`,`warning`]}return e.type===`queue_paused`&&e.reason&&mn[e.reason]?[mn[e.reason],`neutral`]:pn[e.type]??[`information-outline`,`neutral`]}function bn(e,t,n){let{words:r}=t,i=`history.events.${e.type}`,a=Sn(e,n);if(!r.has(i))return Dn(e.type);if(e.type===`jobs_burnt`)return e.jobs===null?r.text(`${i}.unknown`):r.text(`${i}.${e.at_least?`at_least`:`exactly`}`,{count:e.jobs,shown:t.count(e.jobs)});if(hn.includes(e.type)||e.type===`heal_unconfirmed`){let t=e.outcome??`done`;return r.text(r.has(`${i}.${t}`)?`${i}.${t}`:`${i}.done`)}return r.has(`${i}.queue`)?a?r.text(`${i}.queue`,{queue:a}):r.text(`${i}.unknown`):r.text(i,{host:Cn(e,n)??r.text(`history.gpu_box`)})}function xn(e,t,n){let{words:r}=t,i=Sn(e,n),a=En(e,t);switch(e.type){case`queue_finished`:return[wn(e,t)];case`worker_lost`:return[r.text(`history.nobody_works`)];case`worker_back`:case`queue_resumed`:return[Tn(e,t)];case`queue_paused`:return[a??Tn(e,t)];case`jobs_burnt`:return[i,Cn(e,n),a];case`gpu_ready`:return[e.duration===null?null:r.text(`history.started_in`,{time:t.duration(e.duration)}),a];case`workers_restarted`:case`restart_unconfirmed`:return[e.duration===null?null:r.text(`history.took`,{time:t.duration(e.duration)}),a];case`job_stuck`:return[e.file_name??r.text(`history.no_file`),i,e.age===null?null:r.text(`history.active_for`,{time:t.duration(e.age)}),e.kind&&r.has(`history.kinds.${e.kind}`)?r.text(`history.kinds.${e.kind}`):null,a];case`job_cleared`:case`job_requeued`:case`job_failed`:case`heal_unconfirmed`:case`job_ignored`:return[e.file_name??r.text(`history.no_file`),i,e.age===null?null:r.text(`history.was_active_for`,{time:t.duration(e.age)}),e.outcome===`unconfirmed`&&e.doubt&&r.has(`history.doubts.${e.doubt}`)?r.text(`history.doubts.${e.doubt}`):null,e.reason===`asked`&&e.by?null:a,Tn(e,t)];default:return[e.file_name,i,e.jobs===null?null:r.text(`history.jobs`,{count:e.jobs,shown:t.count(e.jobs)}),a,Tn(e,t)]}}function Sn({queue:e,label:t,host:n},r){return e===null?null:r.queue(e)??(n?e:t??e)}function Cn({queue:e,label:t,host:n},r){return n===null?null:r.host(n)??(e===null?t:null)}function wn(e,t){let{jobs:n,duration:r}=e;if(n===null)return r===null?null:t.words.text(`history.took`,{time:t.duration(r)});let i=t.words.text(`history.jobs`,{count:n,shown:t.count(n)});if(r===null)return i;let a=t.words.text(`history.jobs_in`,{jobs:i,time:t.duration(r)}),o=r>=60?t.rate(n*60/r):null;return o?`${a} · ${o}`:a}function Tn(e,t){return e.by?t.words.text(`history.by.${e.by}`):null}function En(e,t){if(!e.reason||gn.includes(e.reason))return null;let n=`history.reasons.${e.reason}`;return t.words.has(n)?t.words.text(n):Dn(e.reason)}function Dn(e){if(!/^[a-z0-9_]+$/.test(e))return e;let t=e.replaceAll(`_`,` `);return t.charAt(0).toUpperCase()+t.slice(1)}function On(e){return e&&/^https?:\/\//i.test(e)?e:null}function kn(e,t){let n=`history.problem.${e}`;return t.has(n)?t.text(n):e}var An=[[`all`,`mdi:check`],[`stuck`,`mdi:alert`],[`pauses`,`mdi:pause`],[`gpu_host`,`mdi:desktop-tower`]],jn=1500,V=class extends F{constructor(...e){super(...e),this.filter=`all`,this.queue=``,this.earlier=null,this.loadingEarlier=!1,this.exported=null,this.exporting=!1,this.seen=``,this.newest=new tn(this,()=>this.page(null),60)}static{this.styles=[F.styles,fn,o`
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        padding: 0 16px 8px;
        border: 0;
        margin: 0;
        min-width: 0;
      }
      .inside {
        padding: 8px 16px 16px;
      }
      .messages {
        display: grid;
        gap: 8px;
        padding: 0 16px 8px;
      }
      .messages:empty {
        display: none;
      }
      h3 {
        padding: 16px 16px 8px;
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        font-weight: 500;
      }
      ha-card {
        --time: 44px;
      }
      ha-card.long-times {
        --time: 60px;
      }
      .event {
        position: relative;
        display: grid;
        grid-template-columns: var(--time) 40px minmax(0, 1fr) auto;
        align-items: center;
        gap: 12px;
        min-height: 60px;
        padding: 8px 16px;
      }
      .event time {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        text-align: end;
        white-space: nowrap;
      }
      /* The line from one icon to the next. */
      .event:not(:first-child)::before,
      .event:not(:last-child)::after {
        content: "";
        position: absolute;
        inset-block: 0 calc(50% + 22px);
        inset-inline-start: calc(16px + var(--time) + 12px + 19px);
        width: 2px;
        background: var(--iat-line);
      }
      .event:not(:last-child)::after {
        inset-block: calc(50% + 22px) 0;
      }
      .what {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .what .title {
        font-weight: 500;
      }
      .what .secondary {
        font-size: 13px;
        line-height: 18px;
      }
      .photo {
        position: relative;
        display: block;
        border-radius: 8px;
        --iat-thumbnail-size: 44px;
        --mdc-icon-size: 20px;
      }
      .photo::after {
        content: "";
        position: absolute;
        inset: -2px;
      }
      .foot {
        border-top: 1px solid var(--iat-line);
        text-align: center;
        margin-top: 8px;
      }
      .foot button,
      .foot p {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 12px;
        width: 100%;
        min-height: 56px;
        padding: 8px 16px;
        border: 0;
        background: none;
        color: var(--iat-secondary);
        --mdc-icon-size: 20px;
      }
      .foot button {
        cursor: pointer;
      }
      .foot button:focus-visible {
        outline-offset: -2px;
      }
      .shape {
        height: 14px;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .event.shapes > :nth-child(2) {
        width: 40px;
        height: 40px;
        border-radius: 50%;
      }
      @container card (max-width: 340px) {
        .event {
          grid-template-columns: 40px minmax(0, 1fr) auto;
          gap: 4px 10px;
        }
        .event time {
          grid-column: 2;
          grid-row: 1;
          text-align: start;
          font-size: 12px;
          line-height: 16px;
        }
        .event immich-tools-icon-tile {
          grid-column: 1;
          grid-row: 1 / span 2;
        }
        .event .what {
          grid-column: 2;
        }
        .event .photo {
          grid-column: 3;
          grid-row: 1 / span 2;
        }
        .event:not(:first-child)::before,
        .event:not(:last-child)::after {
          inset-inline-start: calc(16px + 19px);
        }
      }
    `]}getGridOptions(){return{columns:12,min_columns:6,rows:`auto`}}getCardSize(){return 8}disconnectedCallback(){super.disconnectedCallback(),clearTimeout(this.later)}willUpdate(e){if(super.willUpdate(e),this.view.status!==`ready`)return;let{snapshot:t}=this.view,n=Mn(t);if(n===this.seen)return;let r=!this.seen.startsWith(`${t.entry_id}\n`);this.seen=n,r?this.askAnew():(clearTimeout(this.later),this.later=setTimeout(()=>void this.newest.refresh(),jn))}askAnew(){this.earlier=null,this.newest.reset()}page(e){return this.view.status===`ready`?this.hass.callWS({type:`immich_admin_tools/history`,entry_id:this.view.snapshot.entry_id,filter:this.filter,...this.queue?{queue:this.queue}:{},...e?{before:e}:{}}):null}get events(){let e=this.newest.value?.events??[];if(!this.earlier)return e;let t=new Set(e.map(({key:e})=>e));return e.length&&!this.earlier.events.some(({key:e})=>t.has(e))?e:[...e,...this.earlier.events.filter(({key:e})=>!t.has(e))]}renderCard(e){let t=this.newest.value;return S`<ha-card class=${this.format.longTimes?`long-times`:``}>
      <div class="head">
        <h2>${this.t(`history.activity.title`)}</h2>
        ${e.may_act?S`<div class="end">
                <button
                  class="button text"
                  aria-label=${this.t(`history.activity.export_label`)}
                  ?disabled=${this.exporting}
                  @click=${()=>this.export(e)}
                >
                  <ha-icon icon="mdi:download"></ha-icon>${this.t(this.exporting?`history.activity.exporting`:`history.activity.export`)}
                </button>
              </div>`:w}
      </div>
      ${A([e.order,this.filter,this.queue,this.format],()=>this.renderTools(e))}
      <div class="messages">${this.renderMessages()}</div>
      ${t?A([t,this.earlier,this.loadingEarlier,this.format],()=>this.renderEvents(e,t)):this.newest.problem?w:this.renderShapes()}
    </ha-card>`}renderTools(e){let t=An.filter(([t])=>t!==`gpu_host`||Object.keys(e.gpu_hosts).length);return S`<fieldset class="tools">
      <legend class="visually-hidden">${this.t(`history.activity.filter`)}</legend>
      ${t.map(([e,t])=>S`<label class="chip">
            <input
              type="radio"
              name="filter"
              .checked=${this.filter===e}
              @change=${()=>{this.filter=e,this.askAnew()}}
            />
            <ha-icon .icon=${t} aria-hidden="true"></ha-icon
            >${this.t(`history.activity.filters.${e}`)}
          </label>`)}
      <label class="chip choice">
        <span class="visually-hidden">${this.t(`history.activity.queue`)}</span>
        <select
          .value=${this.queue}
          @change=${e=>{this.queue=e.target.value,this.askAnew()}}
        >
          <option value="">${this.t(`history.activity.all_queues`)}</option>
          ${e.order.map(t=>S`<option value=${t} ?selected=${t===this.queue}>
                ${e.queues[t]?.label??t}
              </option>`)}
        </select>
        <ha-icon icon="mdi:chevron-down" aria-hidden="true"></ha-icon>
      </label>
    </fieldset>`}renderMessages(){let{problem:e,value:t}=this.newest;return S`${e===null?w:S`<div class="note error" role="alert">
            <ha-icon icon="mdi:alert-circle"></ha-icon>
            <span class="words">
              <strong>${this.t(t?`history.activity.stale`:`history.activity.failed`)}</strong>
              ${kn(e,this.format.words)}
            </span>
            <button class="link" @click=${()=>void this.newest.refresh()}>${this.t(`action.retry`)}</button>
          </div>`}
    ${this.renderActionError()}
    ${this.exported?S`<div class="note success" role="status">
            <ha-icon icon="mdi:check-circle"></ha-icon>
            <span class="words"
              >${this.t(`history.activity.exported`,{count:this.exported.count,shown:this.format.count(this.exported.count),path:this.exported.path})}</span
            >
            <button class="link" @click=${()=>this.exported=null}>${this.t(`action.dismiss`)}</button>
          </div>`:w}`}renderEvents(e,t){let n=vn(this.events),r=Nn(n,e=>this.format.dayOf(e)),i=(n.length>t.events.length&&this.earlier?this.earlier:t).next,a=t.days,o=this.filter===`all`&&!this.queue;return!n.length&&!i?S`<p class="inside secondary">
        ${this.t(o?`history.activity.none`:`history.activity.none_of_these`,{count:a})}
      </p>`:S`${it(r,([e])=>e,([,t])=>S`<h3>${this.dayName(t[0].at)}</h3>
            <ol>
              ${it(t,({key:e})=>e,t=>this.renderEvent(t,e))}
            </ol>`)}
      <div class="foot">
        ${i?S`<button
                ?disabled=${this.loadingEarlier}
                aria-busy=${this.loadingEarlier}
                @click=${()=>this.showEarlier(i)}
              >
                <ha-icon icon="mdi:chevron-down"></ha-icon>${this.t(`history.activity.earlier`,{count:a})}
              </button>`:S`<p>${this.t(`history.activity.that_was_all`,{count:a})}</p>`}
      </div>`}renderEvent(e,t){let{icon:n,tone:r,title:i,details:a}=_n(e,this.format,{queue:e=>t.queues[e]?.label,host:e=>t.gpu_hosts[e]?.name}),o=On(e.url),s=e.thumbnail?S`<immich-tools-thumbnail
          .hass=${this.hass}
          .path=${e.thumbnail}
          .alt=${e.file_name??``}
        ></immich-tools-thumbnail>`:w;return S`<li class="event">
      <time datetime=${new Date(e.at).toISOString()}>${this.format.clockTime(e.at)}</time>
      <immich-tools-icon-tile .icon=${n} .tone=${r}></immich-tools-icon-tile>
      <div class="what">
        <div class="title">${i}</div>
        ${a.length?S`<div class="secondary">${a.join(` · `)}</div>`:w}
      </div>
      ${s===w?w:o?S`<a
                class="photo"
                href=${o}
                target="_blank"
                rel="noopener noreferrer"
                aria-label=${this.t(`history.activity.open`,{name:e.file_name??this.t(`history.problem_photos.unnamed`)})}
                >${s}</a
              >`:S`<span class="photo">${s}</span>`}
    </li>`}renderShapes(){return S`<div aria-busy="true" aria-label=${this.t(`card.loading`)}>
      ${[0,1,2].map(()=>S`<div class="event shapes">
            <span class="shape"></span><span class="shape"></span><span class="shape"></span>
          </div>`)}
    </div>`}dayName(e){let t=this.now(),n=this.format.weekdayName(e);return this.format.dayOf(e)===this.format.dayOf(t)?this.t(`history.activity.today`,{day:n}):this.format.dayOf(e+864e5)===this.format.dayOf(t)?this.t(`history.activity.yesterday`,{day:n}):this.format.fullDay(e)}async showEarlier(e){let t=this.newest.value,n=[this.filter,this.queue,this.seen.split(`
`)[0]].join();this.loadingEarlier=!0;try{let r=await this.page(e),i=n===[this.filter,this.queue,this.seen.split(`
`)[0]].join();r&&i&&(this.earlier={...r,events:[...(this.earlier??t).events,...r.events]})}catch(e){this.actionError=String(e?.message??e)}finally{this.loadingEarlier=!1}}async export(e){this.exporting=!0,this.exported=null;let t=await this.act(`export_history`,{config_entry_id:e.entry_id});this.exporting=!1,t?.path&&(this.exported={path:t.path,count:t.count??0})}};P([k()],V.prototype,`filter`,void 0),P([k()],V.prototype,`queue`,void 0),P([k()],V.prototype,`earlier`,void 0),P([k()],V.prototype,`loadingEarlier`,void 0),P([k()],V.prototype,`exported`,void 0),P([k()],V.prototype,`exporting`,void 0);function Mn(e){return[e.entry_id,Object.keys(e.stuck).sort().join(),Object.values(e.outcomes).map(({key:e,outcome:t,doubt:n})=>`${e}${t}${n}`).join(),Object.values(e.queues).map(({pause:e,state:t})=>`${e?.by}${e?.reason}${t===`idle`||t===`worker_lost`?t:``}`).join(),Object.values(e.gpu_hosts).map(({state:e})=>e).join()].join(`
`)}function Nn(e,t){let n=new Map;for(let r of e){let e=t(r.at),i=n.get(e);i?i.push(r):n.set(e,[r])}return[...n]}R(`immich-admin-tools-activity`,V,`history.activity`,e=>e===`activity`||e===`last_heal`);var H=class extends D{constructor(...e){super(...e),this.label=``,this.items=[],this.open=!1,this.toggle=async()=>{this.open?this.menu?.hidePopover():(this.open=!0,await this.updateComplete,this.menu?.showPopover(),this.place(),this.entries[0]?.focus())},this.toggled=e=>{e.newState===`closed`&&(this.open=!1)},this.pressed=e=>{let t=this.entries,n=t.indexOf(this.shadowRoot?.activeElement),r={ArrowDown:n+1,ArrowUp:n-1,Home:0,End:-1}[e.key];r===void 0?(e.key===`Escape`||e.key===`Tab`)&&(e.stopPropagation(),this.menu?.hidePopover(),this.button.focus()):(e.preventDefault(),t.at(r%t.length)?.focus())}}static{this.styles=[N,Yt,Zt,o`
      :host {
        display: inline-flex;
      }
      [role="menu"] {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 8px 0;
        min-width: 200px;
        max-width: min(320px, calc(100vw - 16px));
        max-height: calc(100vh - 16px);
        overflow: auto;
        border: 1px solid var(--iat-line);
        border-radius: 12px;
        background: var(--iat-card);
        color: var(--iat-text);
        box-shadow: 0 4px 16px rgb(0 0 0 / 0.24);
      }
      [role="menuitem"] {
        display: flex;
        align-items: center;
        gap: 16px;
        width: 100%;
        min-height: 44px;
        padding: 8px 16px;
        border: 0;
        background: none;
        font-size: 14px;
        line-height: 20px;
        text-align: start;
        cursor: pointer;
        --mdc-icon-size: 20px;
      }
      [role="menuitem"] ha-icon {
        display: flex;
        color: var(--iat-secondary);
      }
      [role="menuitem"]:hover,
      [role="menuitem"]:focus-visible {
        background: var(--iat-neutral-tint);
        outline-offset: -2px;
      }
    `]}render(){return this.items.length?S`<button
        class="button icon"
        aria-label=${this.label}
        title=${this.label}
        aria-haspopup="menu"
        aria-expanded=${this.open}
        @click=${this.toggle}
      >
        <ha-icon icon="mdi:dots-vertical"></ha-icon>
      </button>
      <div
        role="menu"
        popover="auto"
        aria-label=${this.label}
        @toggle=${this.toggled}
        @keydown=${this.pressed}
      >
        ${this.open?this.items.map(e=>S`<button role="menuitem" tabindex="-1" @click=${()=>this.choose(e)}>
                    <ha-icon .icon=${e.icon}></ha-icon><span>${e.label}</span>
                  </button>`):w}
      </div>`:w}get entries(){return[...this.menu?.querySelectorAll(`[role=menuitem]`)??[]]}place(){let e=this.menu;if(!e)return;let t=this.button.getBoundingClientRect(),{offsetWidth:n,offsetHeight:r}=e,i=getComputedStyle(this).direction===`rtl`?t.left:t.right-n,a=t.bottom+r+8<=innerHeight;e.style.left=`${Math.max(8,Math.min(i,innerWidth-n-8))}px`,e.style.top=`${Math.max(8,a?t.bottom:t.top-r)}px`}choose(e){this.menu?.hidePopover(),this.button.focus(),this.dispatchEvent(new CustomEvent(`choose`,{detail:e.id}))}};P([O()],H.prototype,`label`,void 0),P([O({attribute:!1})],H.prototype,`items`,void 0),P([k()],H.prototype,`open`,void 0),P([We(`button`)],H.prototype,`button`,void 0),P([We(`[role=menu]`)],H.prototype,`menu`,void 0),H=P([L(`immich-tools-menu`)],H);var Pn=class{constructor(e,t=10){this.host=e,this.seconds=t,e.addController(this)}hostConnected(){this.timer=setInterval(()=>this.host.requestUpdate(),this.seconds*1e3)}hostDisconnected(){clearInterval(this.timer)}},Fn=1e8,In=[`worker_lost`,`hung`,`api`,`orphaned`,`ghost`,`long_running`];function Ln(e){return`${e.queue}/${e.job_id}`}function Rn(e){switch(e.type){case`IMAGE`:return`photo`;case`VIDEO`:return`video`;case null:return e.asset_id?`file`:`job`;default:return`file`}}function zn(e,t){let n=new Set(e.map(Rn)),r=n.size===0||n.size===1&&n.has(`photo`)?`photos`:n.has(`job`)?`jobs`:n.size===1&&n.has(`video`)?`videos`:`files`;return`stuck_jobs.title.${t?`slow`:`stuck`}_${r}`}function Bn(e,t){return t.queues[e.queue]?.worker===!1?`worker_lost`:t.source===`api`&&e.kind!==`ghost`?`api`:e.kind}function Vn(e,t,n,r){let{words:i}=n,a=e.actions.includes(`restart`)?`_restart`:``;switch(Bn(e,t)){case`worker_lost`:return i.text(`stuck_jobs.reason.worker_lost${a}`);case`api`:return i.text(`stuck_jobs.reason.api${a}`,{time:e.since===null?`–`:n.time(e.since,r)});case`hung`:return a?i.text(`stuck_jobs.reason.hung_stuck_only`):i.text(`stuck_jobs.reason.hung.${Rn(e)}`);case`orphaned`:return i.text(`stuck_jobs.reason.orphaned.${Rn(e)}`);case`ghost`:return i.text(`stuck_jobs.reason.ghost`);case`long_running`:{let t=n.duration(e.threshold);if(e.size===null)return i.text(`stuck_jobs.reason.long_running`,{threshold:t});let r=n.bytes(e.size);return i.text(`stuck_jobs.reason.long_running_${e.size<Fn?`small`:`size`}`,{threshold:t,size:r})}}}function Hn(e,t,n,r){let i=e.some(e=>e.actions.includes(`restart`))&&[`worker_lost`,`api`,`hung`].includes(t)?`_restart`:``;return r.words.text(`stuck_jobs.reason_many.${t}${i}`,{count:n,shown:r.count(n),all:Un(n,r)})}function Un(e,t){return e===2?t.words.text(`stuck_jobs.all.two`):t.words.text(`stuck_jobs.all`,{count:e,shown:t.count(e)})}function Wn(e,t){let n=Math.round(t/86400);return n>=2?e.words.text(`stuck_jobs.days_after_preposition`,{count:n,shown:e.count(n)}).replace(` `,`\xA0`):e.duration(t)}function Gn(e,t){return e.words.text(`stuck_jobs.ago`,{time:Wn(e,Math.max(0,t))})}function Kn(e,t){return e.file_name?e.file_name:e.kind===`ghost`?t.words.text(`stuck_jobs.file.ghost`):t.words.text(`stuck_jobs.file.job`,{id:e.job_id})}function qn(e){let t=Math.max(e.lastIndexOf(`/`),e.lastIndexOf(`\\`));return t>0?e.slice(0,t):e}function Jn(e,t,n,r){let i=Bn(e,t),a=t.queues[e.queue],o=i===`worker_lost`&&a?.state===`worker_lost`?a.state_since:e.since;if(o===null)return n.words.text(`stuck_jobs.age.unknown`);let s=i===`api`?`seen`:i===`worker_lost`&&a?.state!==`worker_lost`?`hung`:i;return n.words.text(`stuck_jobs.age.${s}`,{time:Wn(n,Math.max(0,(r-o)/1e3))})}function Yn(e,t){if(e.age===null)return t.words.text(`stuck_jobs.age.was_unknown`);let n=e.is===`skipped`&&e.reason===`raced`?`took`:`was`;return t.words.text(`stuck_jobs.age.${n}`,{time:t.duration(e.age)})}function Xn(e,t,n){let r=t.queues[e],i=r?.label??e,a=`stuck_jobs.missing.${e}`;return r?.startable!==!1&&n.words.has(a)?n.words.text(a,{queue:i}):r?.startable?n.words.text(`stuck_jobs.missing.startable`,{queue:i}):n.words.text(`stuck_jobs.missing.unplanned`)}var U={clear:`mdi:broom`,requeue:`mdi:undo-variant`,clear_and_restart:`mdi:restart`,restart:`mdi:restart`,ignore:`mdi:eye-off`};function Zn(e,t){let n=e.restart.usual_seconds;return n===null?t.words.text(`stuck_jobs.ask.away_unknown`):t.words.text(`stuck_jobs.ask.away`,{time:t.duration(n)})}function Qn(e,t,n,r){let{words:i}=r;switch(e){case`clear`:return{question:i.text(`stuck_jobs.ask.clear`),consequence:t.kind===`ghost`?i.text(`stuck_jobs.missing.ghost`):`${i.text(`stuck_jobs.ask.stays.${Rn(t)}`)} ${Xn(t.queue,n,r)}`,yes:i.text(`stuck_jobs.button.clear`),icon:U.clear};case`clear_and_restart`:return er(n,r);case`restart`:return $n(n,r);default:return null}}function $n(e,t){return{question:t.words.text(`stuck_jobs.ask.restart`),consequence:Zn(e,t),yes:t.words.text(`stuck_jobs.button.restart`),icon:U.restart}}function er(e,t){let n=e.stuck_total;return{question:n===2?t.words.text(`stuck_jobs.ask.clear_both_and_restart`):t.words.text(`stuck_jobs.ask.clear_and_restart`,{count:n,shown:t.count(n)}),consequence:[...rr(ir(e),e,t),Zn(e,t)].join(` `),yes:t.words.text(`stuck_jobs.button.clear_and_restart`),icon:U.clear_and_restart}}function tr(e,t,n,r){let i=e.reduce((e,t)=>e+t.stuck,0);return{question:r.words.text(`stuck_jobs.ask.clear_many`,{count:i,shown:r.count(i)}),consequence:rr(e,n,r).join(` `),yes:nr(i,t,r,!1),icon:U.clear}}function nr(e,t,n,r=!0){let i=t?`requeue`:`clear`;if(e===2)return n.words.text(`stuck_jobs.button.${i}_both`);let a=!t&&r&&e>5?`clear_all_asks`:`${i}_all`;return n.words.text(`stuck_jobs.button.${a}`,{count:n.count(e)})}function rr(e,t,n){let{words:r}=n,i=Object.values(t.stuck).filter(t=>e.some(e=>e.name===t.queue)),a=e.reduce((e,t)=>e+t.slow,0),o=e.filter(e=>e.startable),s=[r.text(`stuck_jobs.ask.stay`)],c=i.length===1&&t.stuck_total===1?i[0]:void 0;return c?(s[0]=r.text(`stuck_jobs.ask.stays.${Rn(c)}`),s.push(Xn(c.queue,t,n))):o.length?s.push(r.text(`stuck_jobs.missing.many`,{queues:n.list(o.map(e=>e.label))})):s.push(r.text(`stuck_jobs.missing.many_other`)),a>0&&s.push(r.text(`stuck_jobs.ask.slow_too`,{count:a,shown:n.count(a)})),i.some(e=>e.kind===`orphaned`)&&s.push(r.text(`stuck_jobs.ask.left_behind`)),s}function ir(e){return e.order.map(t=>e.queues[t]).filter(e=>e!==void 0&&e.stuck>0)}function ar(e,t,n,r){let{words:i}=r,a=n.queues[t.queue],o=a?.label??t.queue;switch(e.is){case`ignored`:return{tone:`neutral`,icon:e.kind===`long_running`?`mdi:clock-outline`:`mdi:eye-off`,verdict:i.text(`stuck_jobs.outcome.${e.kind===`long_running`?`left`:`ignored`}`),more:``,restart:!1};case`error`:return{tone:`error`,icon:`mdi:alert-circle`,verdict:i.text(`card.action_failed`),more:e.message,restart:!1};case`skipped`:return{tone:e.reason===`raced`||e.reason===`gone`?`info`:`neutral`,icon:`mdi:information-outline`,verdict:i.text(`stuck_jobs.outcome.nothing`),more:i.text(`stuck_jobs.skipped.${e.reason}`),restart:!1}}let s=e.by===`auto`?` ${i.text(`stuck_jobs.outcome.by_auto`)}`:``,c=i.text(`stuck_jobs.outcome.${e.outcome}.${e.mode}`);switch(e.outcome){case`confirmed`:return{tone:`success`,icon:`mdi:check-circle`,verdict:c,more:(e.mode===`requeue`?i.text(`stuck_jobs.outcome.confirmed_requeue`):e.mode===`remove`&&t.asset_id?Xn(t.queue,n,r):``)+s,restart:!1};case`slot_lost`:return a?.lost_slots===0?{tone:`neutral`,icon:`mdi:check-circle`,verdict:i.text(`stuck_jobs.outcome.slot_freed`),more:i.text(`stuck_jobs.outcome.slot_freed_now`,{queue:o})+s,restart:!1}:{tone:`warning`,icon:`mdi:alert`,verdict:c,more:or(a,o,r)+s,restart:!0};case`unconfirmed`:return{tone:`neutral`,icon:`mdi:help-circle-outline`,verdict:e.doubt!==`redis_lost`&&e.doubt!==`interrupted`?c:i.text(`stuck_jobs.outcome.unknown`),more:(e.doubt?i.text(`stuck_jobs.doubt.${e.doubt}`,{queue:o}):``)+s,restart:!1};case`failed`:return{tone:`error`,icon:`mdi:alert-circle`,verdict:i.text(`stuck_jobs.outcome.failed`),more:i.text(`stuck_jobs.outcome.failed_why`)+s,restart:!1}}}function or(e,t,n){let{words:r}=n;if(!e||e.concurrency===null||!e.lost_slots)return r.text(`stuck_jobs.outcome.slots_unknown`);let i=e.state===`worker_blocked`?0:e.concurrency-e.lost_slots-(e.stuck-e.slow);return i>0?r.text(`stuck_jobs.outcome.slots_left`,{queue:t,left:n.count(i),all:n.count(e.concurrency)}):r.text(`stuck_jobs.outcome.slots_none`,{queue:t})}var sr={job_not_stuck:`not_stuck`,job_no_worker:`no_worker`,job_held:`live_lock`,job_only_remove:`only_remove`,job_blocked:`blocked`,job_heals_itself:`bullmq_heals`,job_raced:`raced`,job_unsupported:`unsupported`,unknown_job:`gone`};function cr(e){let t=e?.translation_key;return t!==void 0&&sr[t]||null}var lr=864e5;function ur(e,t,n,r){let i=(e,t={})=>n.words.text(`gpu_host.${e}`,t),a=(e,t,r={})=>i(e,{...r,count:t,shown:n.count(t)}),o=(e,t,n,r=!1)=>({id:e,label:i(`button.${t}`),icon:n,main:r}),s=(t,n,r=`mdi:power`)=>e.can_wake?[o(`wake`,t,r,n)]:[],c=(t,n=`mdi:sleep`)=>e.can_switch_off?[o(`sleep`,t,n)]:[],l=e=>n.time(e,r),u=e=>Math.max(0,(r-e)/1e3),d=(...e)=>e.filter(Boolean).join(` `),f=e.reason?i(`reason.${e.reason}`):null,p=t=>({tone:`primary`,reason:``,warning:mr(e,i),facts:[],checks:[],bar:null,buttons:[],day:!1,...t}),m=(t,r,a,o)=>{if(t===null)return null;let s=u(t),c=e.deadline===null?null:(e.deadline-t)/1e3,l=r??c;return l===null||l<=0?null:{part:Math.min(1,s/l),start:n.duration(s),end:i(`bar.${r===null?o:a}`,{time:n.duration(l)}),tone:`primary`}},h=hr(e,t,n),g=h?[o(`repairs`,`make_up`,`mdi:auto-fix`,!1)]:[];if(e.lost){let n=Object.keys(e.skipped).length>0;return p({icon:`mdi:lan-disconnect`,tone:`error`,verdict:i(`verdict.lost`),reason:d(e.since===null?i(`why.lost`):i(`why.lost_at`,{time:l(e.since)}),h,pr(e,t,i)),warning:null,buttons:[...n?[o(`repairs`,`make_up`,`mdi:auto-fix`,!0)]:[],...s(`wake`,!n)],day:!0})}switch(e.state){case`off`:{if(e.since===null&&e.online===null)return p({icon:`mdi:help`,tone:`neutral`,verdict:i(`verdict.unknown`),reason:i(`why.unknown`),buttons:s(`wake`,!1)});let o=e.backlog,c=e.can_wake?null:i(`why.cannot_wake`),u={tone:`neutral`,day:!0,icon:`mdi:moon-waning-crescent`};if(e.hold===`off`)return p({...u,verdict:i(`verdict.off_by_hand`),reason:d(dr(o,a,i),i(`why.off_by_hand`),pr(e,t,i),h),buttons:[...s(`wake`,!0),...g]});if(!e.automatic)return p({...u,verdict:o?a(`verdict.off_waiting`,o):i(`verdict.off`),reason:d(!o&&dr(o,a,i),i(`why.manual`),pr(e,t,i),c,h),buttons:[...s(`wake`,!0),...g]});if(o&&e.allowed_at!==null&&e.allowed_at>r){let c=e.allowed_from&&e.allowed_to;return p({...u,icon:`mdi:weather-night`,verdict:i(`verdict.off_until`,{time:l(e.allowed_at)}),reason:d(a(`why.waiting`,o),c?i(`why.may_run`,{from:e.allowed_from,to:e.allowed_to}):i(`why.not_before`),pr(e,t,i),f,h),facts:[{label:i(`fact.wakes_in`),value:n.duration((e.allowed_at-r)/1e3)},...gr(e,n,i(`fact.needs`))],buttons:[...s(`wake_anyway`,!1),...g]})}let m=e.wake_backlog,_=e.wake_at_latest,ee=o!==null&&m>0&&(o>0||_!==null)?{part:Math.min(1,o/m),start:a(`bar.of_jobs`,m,{done:n.count(o)}),end:_===null?``:i(`bar.latest`,{time:l(_)}),tone:`neutral`}:null;return p({...u,verdict:o?a(`verdict.off_waiting`,o):i(`verdict.off`),reason:d(!o&&dr(o,a,i),e.can_wake&&(m>0&&_!==null?a(`why.wakes_at_or`,m,{time:l(_)}):m>0?a(`why.wakes_at`,m):_!==null&&i(`why.wakes_latest`,{time:l(_)})),pr(e,t,i),f,c,h),bar:ee,buttons:[...s(`wake`,o!==0),...g]})}case`waking`:return p({icon:`mdi:power`,verdict:i(`verdict.waking`),reason:e.signalled_at===null?i(`why.signalling`):a(`why.signal`,e.tries,{of:n.count(Math.max(e.wake_retries,e.tries)),ago:Gn(n,u(e.signalled_at))}),bar:m(e.signalled_at??e.since,null,`usually`,`next_try`),buttons:c(`stop`,`mdi:close`)});case`booting`:return p({icon:`mdi:rocket-launch`,verdict:i(`verdict.booting`),reason:d(e.usual_boot===null?i(`why.booting`):i(`why.booting_usual`,{time:n.duration(e.usual_boot)}),e.tries>1&&e.signalled_at!==null&&a(`why.signal`,e.tries,{of:n.count(Math.max(e.wake_retries,e.tries)),ago:Gn(n,u(e.signalled_at))})),bar:m(e.signalled_at??e.since,e.usual_boot,`usually`,`limit`),buttons:c(`stop`,`mdi:close`)});case`working`:{let t=e.backlog,r=e.online===!1;return p({icon:r?`mdi:lan-disconnect`:`mdi:desktop-tower`,tone:r?`warning`:`primary`,verdict:i(r?`verdict.not_responding`:`verdict.working`),reason:d(t===null&&i(`why.backlog_unknown`),fr(e,i),f,h),facts:[...t===null?[]:[{label:i(`fact.jobs_left`),value:n.count(t)}],...gr(e,n,i(`fact.needs_now`)),...e.automatic&&e.hold!==`by_hand`&&e.can_switch_off&&!e.trouble?[{label:i(`fact.then_off_after`),value:i(`fact.idle`,{time:n.duration(e.idle_time)})}]:[]],buttons:[...c(`finish`),...g],day:!0})}case`ready`:{let t=e.online===!1,o=e.goes_off_at,l=e.idle_since===null?null:u(e.idle_since),m=o===null?null:(o-r)/1e3,_=e.reason!==null||e.trouble!==null||!e.can_switch_off,ee=m!==null&&l!==null&&!_&&!t;return p({icon:t?`mdi:lan-disconnect`:`mdi:coffee-outline`,tone:t?`warning`:`primary`,verdict:t?i(`verdict.not_responding`):ee?m>0?i(`verdict.ready_off_in`,{time:n.duration(m)}):i(`verdict.ready_going_off`):i(`verdict.ready`),reason:d(l===null||e.reason===`other_instance_works`?!e.reason&&(e.backlog===0?i(`why.idle`):dr(e.backlog,a,i)):i(`why.idle_for`,{time:Wn(n,l)}),fr(e,i),f,h),bar:ee&&l!==null?{part:Math.min(1,l/Math.max(1,l+Math.max(0,m))),start:i(`bar.without_work`,{time:n.duration(l)}),end:i(`bar.off_at`,{time:n.duration(l+Math.max(0,m))}),tone:`primary`}:null,buttons:[...ee?s(`stay`,!1,`mdi:clock-outline`):[],...c(`sleep`),...g],day:!ee})}case`draining`:{let t=e.active;return p({icon:`mdi:progress-clock`,verdict:t?a(`verdict.draining`,t):i(`verdict.draining_unknown`),reason:d(i(`why.draining`),!!e.backlog&&a(`why.waiting`,e.backlog),f),bar:m(e.since,null,`usually`,`limit`),buttons:s(`stay`,!1)})}case`shutting_down`:return p({icon:`mdi:power-sleep`,verdict:i(`verdict.shutting_down`),reason:d(i(`why.shutting_down`),!!e.backlog&&a(`why.waiting`,e.backlog)),bar:m(e.since,null,`usually`,`limit`),buttons:s(`stay`,!1)});case`wake_failed`:return p({icon:`mdi:alert-circle`,tone:`error`,verdict:i(`verdict.wake_failed`),warning:null,reason:d(e.tries>0&&(e.signalled_at===null?a(`why.tries_unknown`,e.tries):a(`why.tries`,e.tries,{last:l(e.signalled_at)})),!!e.backlog&&a(`why.waiting`,e.backlog),e.deadline!==null&&e.deadline>r&&e.automatic&&i(`why.tries_again`,{time:l(e.deadline)}),pr(e,t,i),f,i(`why.please_check`)),checks:[{text:i(`check.plugged`)},...e.mac===null?[{text:i(`check.bios`)},{text:i(`check.actions`)}]:[{text:i(`check.bios`)},{text:i(`check.mac`),value:e.mac}]],buttons:s(`retry`,!0,`mdi:refresh`)})}}function dr(e,t,n){return e===null?n(`why.backlog_unknown`):e===0?n(`why.no_jobs`):t(`why.waiting`,e)}function fr(e,t){return e.hold===`by_hand`?t(`why.kept_by_hand`):e.automatic?e.hold===`on`?t(`why.kept_on_request`):e.can_switch_off?null:t(`why.cannot_sleep`):t(`why.manual_on`)}function pr(e,t,n){let r=e.queues.flatMap(e=>t[e]??[]),i=({pause:t})=>t?.reason===`gpu_offline`&&(t.host===null||t.host===e.host_id);return r.some(i)&&r.every(e=>i(e)||e.state===`paused`||!Ot(e))?n(e.automatic&&e.hold!==`off`?`why.paused_for_you_auto`:`why.paused_for_you`):null}function mr(e,t){return e.trouble===null||e.trouble===`wake_failed`?null:t(`why.${e.trouble}`)}function hr(e,t,n){let r=Object.keys(e.skipped),i=r.reduce((t,n)=>t+(e.skipped[n]??0),0);return i?n.words.text(`gpu_host.why.skipped`,{count:i,shown:n.count(i),queues:n.list(r.map(e=>t[e]?.label??e))}):null}function gr(e,t,n){return e.expected_run?[{label:n,value:t.timeLeft(e.expected_run)}]:[]}function _r(e,t,n){if(e.awake===null)return null;let r=n-lr,i=e.awake.map(([e,t])=>[Math.max(r,e),Math.min(n,t??n)]).filter(([e,t])=>t>e),a=i.reduce((e,[t,n])=>e+n-t,0)/1e3,o=a===0?t.words.text(`gpu_host.day.never`):t.words.text(`gpu_host.day.awake`,{time:vr(a,t)}),s=i.map(([e,r])=>t.words.text(`gpu_host.day.span`,{from:t.time(e,n),to:r>=n?t.words.text(`gpu_host.day.now`):t.time(r,n)}));return{from:r,spans:i.map(([e,t])=>({start:(e-r)/lr,end:(t-r)/lr})),text:o,spoken:s.length?`${o}. ${t.words.text(`gpu_host.day.spans`,{spans:t.list(s)})}`:o}}function vr(e,t){return t.duration(e<3600?e:Math.round(e/600)*600)}var yr=class extends F{constructor(){super(),this.asked={},new Pn(this,5)}static getConfigForm(){return en([{name:`host_id`,selector:{text:{}}},{name:`title`,selector:{text:{}}}],{host_id:`gpu_host.editor.host_id`})}static{this.styles=[F.styles,o`
      .host {
        display: flex;
        flex-direction: column;
        gap: 12px;
        padding: 16px;
      }
      .host + .host {
        border-top: 1px solid var(--iat-line);
      }
      .top {
        display: flex;
        align-items: center;
        gap: 14px;
        --iat-tile-size: 48px;
      }
      .top > div {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .name {
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
      }
      .verdict {
        font-size: 18px;
        line-height: 24px;
        font-weight: 500;
      }
      .reason,
      .checks {
        font-size: 14px;
        line-height: 20px;
      }
      .checks {
        display: grid;
        gap: 4px;
      }
      .checks li {
        display: flex;
        gap: 8px;
        --mdc-icon-size: 18px;
      }
      .checks ha-icon {
        display: flex;
        flex: none;
        color: var(--iat-error-ink);
      }
      .checks strong {
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        gap: 4px;
        font-size: 14px;
        line-height: 20px;
      }
      dl > div {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 16px;
      }
      dt {
        color: var(--iat-secondary);
      }
      dd {
        font-weight: 500;
      }
      .bar,
      .day {
        width: 100%;
      }
      .track {
        height: 6px;
        border-radius: 3px;
        overflow: hidden;
        background: color-mix(in srgb, var(--iat-secondary) 24%, var(--iat-card));
      }
      .done {
        height: 100%;
        border-radius: 3px;
        background: var(--primary-color);
        transition: width 300ms;
      }
      .done.neutral {
        background: var(--iat-secondary);
      }
      .day svg {
        display: block;
        width: 100%;
        height: 12px;
        border-radius: 2px;
        background: color-mix(in srgb, var(--iat-secondary) 20%, var(--iat-card));
      }
      .day rect {
        fill: var(--primary-color);
      }
      :host(:dir(rtl)) .day svg {
        transform: scaleX(-1);
      }
      .ends {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 12px;
        margin-top: 4px;
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .note {
        align-items: start;
      }
      .none {
        display: grid;
        justify-items: start;
        gap: 12px;
      }
      .loading {
        height: 160px;
      }
      .block {
        padding: 12px 16px 0;
      }
      @media (forced-colors: active) {
        .track,
        .day svg {
          border: 1px solid CanvasText;
        }
        .done {
          background: Highlight;
          forced-color-adjust: none;
        }
        .day rect {
          fill: Highlight;
          forced-color-adjust: none;
        }
      }
    `]}renderLoading(){return S`<ha-card aria-busy="true" aria-label=${this.t(`card.loading`)}
      ><div class="loading"></div
    ></ha-card>`}renderCard(e,t){let n=this.config?.host_id,r=Object.values(e.gpu_hosts).filter(e=>!n||e.host_id===n),i=this.now();return r.length?S`<ha-card class=${t||!Ft(e)?`stale`:``}>
      ${this.config?.title?S`<div class="head"><h2>${this.config.title}</h2></div>`:w}
      <div role="status">${this.renderState(e,t,i)}</div>
      ${this.actionError===null?w:S`<div class="block">${this.renderActionError()}</div>`}
      ${it(r,e=>e.host_id,n=>this.renderHost(n,e,e.may_act&&!t,i))}
    </ha-card>`:this.renderNone(n!==void 0&&n!==``)}renderState(e,t,n){if(!t&&e.unreachable_since===null)return w;let r=t?this.t(`card.disconnected`):this.t(`gpu_host.state.unreachable`,{time:this.format.time(e.unreachable_since??n,n)});return S`<div class="block">
      <div class="note error">
        <ha-icon .icon=${t?`mdi:lan-disconnect`:`mdi:alert-circle`}></ha-icon>
        <span class="words">
          ${r} ${this.t(`gpu_host.state.as_of`,{time:this.format.time(e.as_of,n)})}
        </span>
      </div>
    </div>`}renderNone(e){return S`<ha-card>
      <div class="host none">
        <div class="top">
          <immich-tools-icon-tile icon="mdi:desktop-tower"></immich-tools-icon-tile>
          <h2 class="verdict">${this.t(e?`gpu_host.not_there`:`gpu_host.none`)}</h2>
        </div>
        <p class="reason">${this.t(e?`gpu_host.not_there_hint`:`gpu_host.none_hint`)}</p>
        ${this.hass.user?.is_admin&&!e?S`<button class="button" @click=${$t}>${this.t(`gpu_host.add`)}</button>`:w}
      </div>
    </ha-card>`}renderHost(e,t,n,r){let i=ur(e,t.queues,this.format,r),a=i.day?_r(e,this.format,r):null;return S`<section class="host" aria-label=${e.name}>
      <div class="top">
        <immich-tools-icon-tile .icon=${i.icon} .tone=${i.tone}></immich-tools-icon-tile>
        <div>
          <p class="name">${e.name}</p>
          <h2 class="verdict" aria-live="polite">${i.verdict}</h2>
        </div>
        <immich-tools-menu
          .label=${this.t(`gpu_host.more_of`,{host:e.name})}
          .items=${this.menuOf(e)}
          @choose=${t=>this.choose(t.detail,e)}
        ></immich-tools-menu>
      </div>
      ${i.warning?S`<div class="note warning">
              <ha-icon icon="mdi:alert"></ha-icon><span class="words">${i.warning}</span>
            </div>`:w}
      ${i.reason?S`<p class="reason">${i.reason}</p>`:w}
      ${i.checks.length?S`<ul class="checks">
              ${i.checks.map(e=>S`<li>
                    <ha-icon icon="mdi:chevron-right"></ha-icon>
                    <span
                      >${e.text} ${e.value?S`<strong>${e.value}</strong>`:w}</span
                    >
                  </li>`)}
            </ul>`:w}
      ${i.facts.length?S`<dl>
              ${i.facts.map(e=>S`<div>
                    <dt>${e.label}</dt>
                    <dd>${e.value}</dd>
                  </div>`)}
            </dl>`:w}
      ${i.bar?br(i.bar):w} ${a?this.renderDay(a):w}
      ${n&&i.buttons.length?S`<div class="buttons">${i.buttons.map(t=>this.renderButton(t,e))}</div>`:w}
    </section>`}renderButton(e,t){return S`<button
      class="button ${e.main?`main`:``}"
      data-action=${e.id}
      aria-label=${this.t(`gpu_host.button.of`,{action:e.label,host:t.name})}
      ?disabled=${this.asked[t.host_id]!==void 0}
      @click=${()=>this.pressed(e,t)}
    >
      <ha-icon .icon=${e.icon}></ha-icon>${e.label}
    </button>`}renderDay(e){return S`<div class="day">
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label=${e.spoken}>
        ${e.spans.map(({start:e,end:t})=>we`<rect x=${e*1e3} y="0" width=${Math.max(3,(t-e)*1e3)} height="12"></rect>`)}
      </svg>
      <div class="ends" aria-hidden="true">
        <span>${this.format.time(e.from,e.from)}</span><span>${e.text}</span
        ><span>${this.t(`gpu_host.day.now`)}</span>
      </div>
    </div>`}menuOf(e){return[...e.entity_id?[{id:`more_info`,label:this.t(`gpu_host.more_info`),icon:`mdi:information-outline`}]:[],...e.device_id&&this.hass.user?.is_admin?[{id:`device`,label:this.t(`gpu_host.device`),icon:`mdi:devices`}]:[]]}choose(e,t){e===`more_info`&&t.entity_id?Mt(this,t.entity_id):e===`device`&&t.device_id&&jt(`/config/devices/device/${t.device_id}`)}async pressed(e,t){if(e.id===`repairs`){jt(`/config/repairs`);return}if(!t.device_id)return;this.asked={...this.asked,[t.host_id]:e.id},await this.act(e.id,{device_id:[t.device_id]});let{[t.host_id]:n,...r}=this.asked;this.asked=r}};P([k()],yr.prototype,`asked`,void 0);function br(e){let t=Math.round(e.part*100);return S`<div class="bar">
    <div
      class="track"
      role="progressbar"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${t}
      aria-valuetext=${[e.start,e.end].filter(Boolean).join(`, `)}
      aria-label=${e.start}
    >
      <div class="done ${e.tone}" style="width: ${t}%"></div>
    </div>
    <div class="ends" aria-hidden="true"><span>${e.start}</span><span>${e.end}</span></div>
  </div>`}R(`immich-admin-tools-gpu-host`,yr,`gpu_host`,e=>e.startsWith(`gpu_`));function xr(e){return e.parentNode instanceof ShadowRoot?e.parentNode.host:e.parentNode}function Sr(e,t){for(let n=e;n;n=xr(n)){let e=n.lovelace;if(e?.config?.views)return e.config.views.some(({path:e})=>e===t)?`/${e.urlPath??`lovelace`}/${t}`:null}return null}function Cr(e,t=()=>!0){let n=[];return wr(document,e,n),n.filter(e=>e.checkVisibility?.()??!0).find(e=>t(e.config??{}))??null}function wr(e,t,n){for(let r of e.querySelectorAll(`*`))r.localName===t?n.push(r):r.shadowRoot&&wr(r.shadowRoot,t,n)}function Tr(e){let t=matchMedia(`(prefers-reduced-motion: reduce)`).matches;e.scrollIntoView({behavior:t?`auto`:`smooth`,block:`nearest`}),e.hasAttribute(`tabindex`)||(e.tabIndex=-1),e.focus({preventScroll:!0})}function Er(e,t,n){let r=new CustomEvent(`immich-tools-show-stuck`,{detail:{entry_id:t,queue:n},bubbles:!0,composed:!0,cancelable:!0}),i=!e.dispatchEvent(r),a=i?null:Cr(`immich-admin-tools-stuck-jobs`,e=>(e.entry_id??t)===t);return a&&Tr(a),i||a!==null}var Dr=500,Or={restarting:`primary`,unreachable:`error`,unknown:`neutral`,no_worker:`error`,standing_still:`warning`,gpu_failed:`error`,lost_slots:`warning`,running:`primary`,stuck:`warning`,waiting_for_gpu:`neutral`,held:`neutral`,redis_lost:`warning`,all_right:`success`};function kr(e,t){let n=Object.values(e.queues),r=n.filter(e=>e.state===`running`&&e.waiting>0),i=(t,n={})=>({kind:t,tone:Or[t],import:e.import_mode||e.waiting>=Dr,queues:[],everything:r.length===0,since:null,count:null,of:null,things:`jobs`,host:null,remaining:null,until:null,remarks:[],...n});if(e.restart.running)return i(`restarting`);if(e.unreachable_since!==null)return i(`unreachable`,{since:e.unreachable_since,remarks:[{kind:`as_of`,at:e.as_of}]});if(!n.length)return i(`unknown`);let a=n.filter(({state:e})=>e===`worker_lost`),o=n.filter(({state:e})=>e===`worker_blocked`);if(a.length||o.length)return i(`no_worker`,{queues:[...a,...o],remarks:a.length?[{kind:`worker_lost`,queues:a}]:[{kind:`worker_blocked`,queues:o}]});let s=n.filter(({state:e})=>e===`stalled`);if(s.length){let t=Vr(s,({stuck:e})=>e);return i(`standing_still`,{queues:s,count:t||null,things:Nr(e,t,({queue:e})=>s.some(({name:t})=>t===e)),remarks:t?[]:[{kind:`not_processed`,queues:s}]})}let c=Object.values(e.gpu_hosts).find(e=>e.state===`wake_failed`&&e.backlog!==0);if(c)return i(`gpu_failed`,{host:c,count:c.backlog});let l=n.filter(({lost_slots:e})=>(e??0)>0);if(l.length){let n=l.every(({concurrency:e})=>e!==null)?Vr(l,({concurrency:e})=>e??0):null,a=Vr(l,({lost_slots:e})=>e??0),o=n!==null&&n>a&&r.length>0,s=e.eta?Fr(e.eta.finish,t):null;return i(`lost_slots`,{queues:l,count:o?n-a:a,of:o?n:null,remarks:[...o&&s!==null?[{kind:`time_left`,remaining:s}]:[],{kind:`needs_restart`,queues:l}]})}if(r.length)return i(`running`,{queues:r,remaining:e.eta?Fr(e.eta.finish,t):Ir(r),remarks:[...Lr(e),...Br(e,n)]});let{stuck:u,slow:d}=jr(e);if(u>0){let t=({kind:e})=>e!==`long_running`;return i(`stuck`,{count:Pr(e,u,t),things:Nr(e,u,t),remarks:zr(n)})}let f=n.filter(e=>e.pause?.by===`immich_admin_tools`&&e.waiting>0),p=f.filter(({pause:e})=>e?.reason===`gpu_offline`);if(p.length){let r=e.gpu_hosts[p[0]?.pause?.host??``]??null,a=r!==null&&(r.state===`waking`||r.state===`booting`),o=r?.wake_at_latest??null;return i(`waiting_for_gpu`,{queues:p,host:r,count:Vr(p,e=>e.waiting),until:a||o===null||o<=t?null:o,remarks:a?[{kind:`host_starts`,host:r}]:zr(n)})}if(f.length)return i(`held`,{queues:f});let m=[...zr(n),...d>0?[{kind:`slow`,count:d,things:Nr(e,d,({kind:e})=>e===`long_running`)}]:[]];return e.source===`redis_lost`?i(`redis_lost`,{remarks:[{kind:`redis_lost`},...m]}):i(`all_right`,{remarks:m})}function Ar(e){if(!e.run)return null;let t=Vr(Object.values(e.queues).filter(({state:e})=>e!==`paused`),({waiting:e,active:t})=>e+t);if(!t)return null;let{done:n,since:r}=e.run;return{done:n,all:n+t,since:r}}function jr(e){let t=Math.min(e.stuck_total,Vr(Object.values(e.queues),e=>e.slow));return{stuck:e.stuck_total-t,slow:t}}var Mr={IMAGE:`photos`,VIDEO:`videos`};function Nr(e,t,n){let r=Object.values(e.stuck).filter(n);if(!r.length||r.length<t||r.some(({asset_id:e,type:t})=>e===null||t===null))return`jobs`;let i=new Set(r.map(({type:e})=>e&&Mr[e]||`files`)),[a]=i;return i.size===1&&a?a:`files`}function Pr(e,t,n){if(Nr(e,t,n)===`jobs`)return t;let r=Object.values(e.stuck).filter(n);return new Set(r.map(({asset_id:e})=>e)).size}function Fr(e,t){return Math.max(0,(e-t)/1e3)}function Ir(e){return e.every(({no_eta:e})=>e===`nearly_done`)?0:null}function Lr(e){return e.source===`redis_lost`?[{kind:`redis_lost`}]:[]}function Rr(e){return e.filter(({state:e,pause:t})=>e===`paused`&&t?.by===`user`)}function zr(e){let t=Rr(e),n=e.filter(({state:e,pause:t})=>e===`paused`&&!t);return[...t.length?[{kind:`paused_by_hand`,queues:t}]:[],...n.length?[{kind:`paused`,queues:n}]:[]]}function Br(e,t){let n=t.filter(({state:e,waiting:t})=>e===`paused`&&t>0),r=Rr(n),i=n.filter(({pause:e})=>e?.by===`immich_admin_tools`&&e.reason===`gpu_offline`),a=n.filter(e=>!r.includes(e)&&!i.includes(e)),o=new Set(i.map(({pause:e})=>e?.host??``)),s=o.size===1?e.gpu_hosts[[...o][0]??``]??null:null;return[...r.length?[{kind:`paused_by_hand_not_counted`,queues:r}]:[],...i.length?[{kind:`waits_for_host_not_counted`,queues:i,host:s}]:[],...a.length?[{kind:`not_counted`,queues:a}]:[]]}function Vr(e,t){return e.reduce((e,n)=>e+t(n),0)}var Hr=6e4,Ur={restarting:`mdi:restart`,unreachable:`mdi:lan-disconnect`,unknown:`mdi:help-circle-outline`,no_worker:`mdi:account-off`,standing_still:`mdi:alert`,gpu_failed:`mdi:desktop-tower`,lost_slots:`mdi:image-multiple`,running:`mdi:image-multiple`,stuck:`mdi:alert`,waiting_for_gpu:`mdi:power-sleep`,held:`mdi:timer-sand`,redis_lost:`mdi:database-off`,all_right:`mdi:check`},Wr={off:{icon:`mdi:power-sleep`,tone:`neutral`},waking:{icon:`mdi:desktop-tower`,tone:`neutral`},booting:{icon:`mdi:desktop-tower`,tone:`neutral`},ready:{icon:`mdi:desktop-tower`,tone:`primary`},working:{icon:`mdi:desktop-tower`,tone:`primary`},draining:{icon:`mdi:desktop-tower`,tone:`primary`},shutting_down:{icon:`mdi:power-sleep`,tone:`neutral`},wake_failed:{icon:`mdi:alert-circle`,tone:`error`}},Gr=new Set([`waiting`,`active`,`eta`,`stuck_jobs`,`rate`,`blocked_workers`,`last_heal`]);R(`immich-admin-tools-headline`,class extends F{static{this.styles=[...[F.styles].flat(2),o`
      .body {
        display: grid;
        gap: 16px;
        padding: 16px;
      }
      .top {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        align-items: center;
        gap: 12px;
        --iat-tile-size: 44px;
      }
      .top:has(.reason) immich-tools-icon-tile {
        align-self: start;
      }
      h2 {
        font-size: 22px;
        line-height: 28px;
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      .reason {
        color: var(--iat-secondary);
        overflow-wrap: anywhere;
      }
      .chips {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .chip {
        max-width: 100%;
        padding-inline: 12px 16px;
        text-align: start;
      }
      .chip span {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .chip .chevron {
        display: none;
        color: inherit;
      }
      .chip.primary {
        background: var(--iat-primary-tint);
      }
      .chip.primary ha-icon {
        color: var(--iat-primary-ink);
      }
      .chip.warning {
        background: var(--iat-warning-tint);
      }
      .chip.warning ha-icon {
        color: var(--iat-warning-ink);
      }
      .chip.error {
        background: var(--iat-error-tint);
      }
      .chip.error ha-icon {
        color: var(--iat-error-ink);
      }
      .run {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 8px 16px;
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
      }
      .bar {
        grid-column: 1 / -1;
        grid-row: 1;
        height: 6px;
        border-radius: 3px;
        background: color-mix(in srgb, var(--iat-secondary) 25%, var(--iat-card));
        overflow: hidden;
      }
      .bar div {
        height: 100%;
        border-radius: 3px;
        background: var(--primary-color);
        transition: inline-size 300ms;
      }
      .stale .bar div {
        background: var(--iat-secondary);
      }
      .shape i {
        display: block;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .shape .round {
        width: 44px;
        height: 44px;
        border-radius: 50%;
      }
      .shape .long {
        width: 60%;
        height: 22px;
        margin-block-end: 8px;
      }
      .shape .short {
        width: 40%;
        height: 12px;
      }
      @container card (min-width: 640px) {
        .body {
          gap: 20px;
          padding: 20px 24px;
        }
        .top {
          grid-template-columns: auto minmax(0, 1fr) auto;
          gap: 16px;
          --iat-tile-size: 56px;
        }
        .top:has(.reason) immich-tools-icon-tile {
          align-self: center;
        }
        h2 {
          font-size: 26px;
          line-height: 32px;
        }
        .chips {
          grid-column: auto;
          justify-content: flex-end;
          max-width: 55cqi;
        }
        .chip {
          padding-inline: 12px;
        }
        .chip .chevron {
          display: flex;
        }
        .run {
          grid-template-columns: auto minmax(0, 1fr) auto;
          align-items: center;
        }
        .bar {
          grid-column: auto;
          grid-row: auto;
        }
        .shape .round {
          width: 56px;
          height: 56px;
        }
      }
      :dir(rtl) .chevron {
        transform: scaleX(-1);
      }
      @media (forced-colors: active) {
        .bar {
          border: 1px solid CanvasText;
          height: 8px;
        }
        .bar div {
          background: Highlight;
          forced-color-adjust: none;
        }
      }
    `]}constructor(){super(),this.said=``,this.saidAt=-1/0,new Pn(this,30)}getCardSize(){return 2}getGridOptions(){return{columns:`full`,min_columns:6,rows:`auto`}}renderLoading(){return S`<ha-card aria-busy="true">
      <div class="body shape">
        <span class="visually-hidden" role="status">${this.t(`card.loading`)}</span>
        <div class="top">
          <i class="round"></i>
          <div><i class="long"></i><i class="short"></i></div>
        </div>
      </div>
    </ha-card>`}renderCard(e,t){let n=kr(e,this.now()),r=this.titleOf(n),i=t?this.t(`headline.remark.disconnected`):this.reasonOf(n),a=t?[]:this.chips(e,n),o=!t&&jr(e).stuck>0&&(n.kind===`running`||n.kind===`lost_slots`);return S`<ha-card>
      <div class="body ${t?`stale`:``}">
        <div class="top">
          <immich-tools-icon-tile
            .icon=${Ur[n.kind]}
            .tone=${t?`neutral`:n.tone}
            .badge=${o||n.kind===`lost_slots`&&!t||n.kind===`gpu_failed`?`mdi:alert`:null}
            .badgeTone=${n.kind===`gpu_failed`?`error`:`warning`}
          ></immich-tools-icon-tile>
          <div>
            <h2><bdi>${r}</bdi></h2>
            ${i?S`<p class="reason"><bdi>${i}</bdi></p>`:w}
          </div>
          ${a.length?S`<div class="chips">${a}</div>`:w}
        </div>
        ${n.kind===`unreachable`?w:this.renderRun(e)}
        <div class="visually-hidden" role="status" aria-live="polite">${this.say(r)}</div>
      </div>
    </ha-card>`}say(e){let t=Date.now();return e!==this.said&&t-this.saidAt>=Hr&&(this.said=e,this.saidAt=t),this.said}titleOf(e){let t=e.import?`import`:`work`,n=(e,t,n={})=>this.t(`headline.${e}`,{count:t,shown:this.format.count(t),...n}),{count:r,host:i,queues:a}=e;switch(e.kind){case`unreachable`:return this.t(`headline.unreachable`,{time:this.time(e.since??0)});case`no_worker`:return a.length===1?this.t(`headline.no_worker`,{queue:a[0]?.label??``}):n(`no_worker_several`,a.length);case`standing_still`:{let i=e.everything?this.t(`headline.standing_still.everything.${t}`):a.length===1?this.t(`headline.standing_still.queue`,{queue:a[0]?.label??``}):n(`standing_still.queues`,a.length);return r===null?i:this.t(`headline.standing_still.because`,{what:i,who:n(`standing_still.${e.things}`,r)})}case`gpu_failed`:{let e={host:i?.name??``};return r===null?this.t(`headline.gpu_failed`,e):n(`gpu_failed_waiting`,r,e)}case`lost_slots`:return e.of===null?n(`lost_slots.blocked`,r??1):n(`lost_slots.${t}`,r??0,{of:this.format.count(e.of)});case`running`:return e.remaining===null?this.t(`headline.running.${t}_unknown`):e.remaining<60?this.t(`headline.running.${t}_soon`):this.t(`headline.running.${t}`,{time:this.format.timeLeft(e.remaining)});case`stuck`:return n(`stuck.${e.things}`,r??1);case`waiting_for_gpu`:{let t=i?.name??this.t(`headline.a_host`);return e.until===null?this.t(`headline.waiting_for_gpu`,{host:t}):this.t(`headline.waiting_for_gpu_until`,{host:t,time:this.time(e.until)})}default:return this.t(`headline.${e.kind}`)}}reasonOf(e){return e.remarks.slice(0,2).map(e=>this.wordsOf(e)).join(` · `)}wordsOf(e){let t=`headline.remark.${e.kind}`;switch(e.kind){case`as_of`:return this.t(t,{time:this.time(e.at)});case`slow`:return this.t(`headline.slow.${e.things}`,{count:e.count,shown:this.format.count(e.count)});case`host_starts`:return this.t(t,{host:e.host.name});case`time_left`:return e.remaining<60?this.t(`headline.remark.nearly_done`):this.t(t,{time:this.format.timeLeft(e.remaining)});case`redis_lost`:return this.t(t);default:return this.t(t,{count:e.queues.length,shown:this.format.count(e.queues.length),queues:this.format.list(e.queues.map(({label:e})=>e)),host:`host`in e&&e.host?.name||this.t(`headline.a_host`)})}}chips(e,t){let n=[],{stuck:r,slow:i}=t.kind===`unreachable`?{stuck:0,slow:0}:jr(e),a=()=>{let t=Object.values(e.queues).find(e=>e.stuck>0);!Er(this,e.entry_id,null)&&t?.entity_id&&Mt(this,t.entity_id)};if(r>0){let i=({kind:e})=>e!==`long_running`,o=Nr(e,r,i),s=Pr(e,r,i),c=t.kind===`stuck`||t.kind===`standing_still`&&t.count===r;n.push(this.chip(`mdi:alert`,`warning`,this.counted(`stuck.${o}`,s),a,c))}else if(i>0&&!t.remarks.some(({kind:e})=>e===`slow`)){let t=Nr(e,i,({kind:e})=>e===`long_running`);n.push(this.chip(`mdi:timer-sand`,`neutral`,this.counted(`slow.${t}`,i),a))}for(let r of Object.values(e.gpu_hosts)){let{icon:i,tone:a}=Wr[r.state],o=this.t(`headline.chip.host.${r.state}`,{host:r.name}),s=t.kind===`gpu_failed`&&t.host===r;n.push(this.chip(i,a,o,()=>this.openHost(e,r),s))}return n}chip(e,t,n,r,i=!1){let a=this.t(`headline.chip.show`);return S`<button
      class="button chip ${t}"
      aria-label=${i?`${a}: ${n}`:w}
      @click=${r}
    >
      <ha-icon .icon=${e}></ha-icon><span><bdi>${i?a:n}</bdi></span
      ><ha-icon class="chevron" icon="mdi:chevron-right"></ha-icon>
    </button>`}openHost(e,t){let n=Cr(`immich-admin-tools-gpu-host`,n=>(n.entry_id??e.entry_id)===e.entry_id&&(n.host_id??t.host_id)===t.host_id);n?Tr(n):t.entity_id&&Mt(this,t.entity_id)}renderRun(e){let t=Ar(e);if(!t)return w;let{done:n,all:r,since:i}=t,a=n/r*100,o=this.t(`headline.progress`,{count:r,done:this.format.count(n),all:this.format.count(r)});return S`<div class="run">
      <span><bdi>${o}</bdi></span>
      <div
        class="bar"
        role="progressbar"
        aria-label=${this.t(`headline.progress_label`)}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.floor(a)}
        aria-valuetext=${o}
      >
        <div style="inline-size: ${a}%"></div>
      </div>
      <span><bdi>${this.t(`headline.since`,{time:this.time(i)})}</bdi></span>
    </div>`}counted(e,t){return this.t(`headline.${e}`,{count:t,shown:this.format.count(t)})}time(e){return this.format.time(e,this.now())}},`headline`,e=>Gr.has(e));var Kr=class extends F{constructor(...e){super(...e),this.entryId=null,this.stuck=``,this.assets=new tn(this,()=>this.entryId===null||this.view.status!==`ready`?null:this.hass.callWS({type:`immich_admin_tools/problem_assets`,entry_id:this.entryId}),60)}static{this.styles=[F.styles,o`
      .hint {
        padding: 0 16px 12px;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr));
        gap: 0 24px;
        padding: 0 16px 8px;
      }
      li {
        display: flex;
        align-items: center;
        gap: 16px;
        min-width: 0;
        padding: 12px 0;
        border-top: 1px solid var(--iat-line);
        overflow-wrap: anywhere;
      }
      .about {
        flex: 1;
        min-width: 0;
      }
      .name {
        font-weight: 500;
      }
      .about .secondary {
        font-size: 13px;
        line-height: 18px;
      }
      .nothing {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 16px;
      }
      .nothing ha-icon {
        color: var(--iat-success-ink);
      }
      .message {
        padding: 0 16px 16px;
      }
      .shapes {
        height: 112px;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @container card (max-width: 399px) {
        li {
          gap: 12px;
          --iat-thumbnail-size: 64px;
        }
      }
    `]}willUpdate(e){if(super.willUpdate(e),this.view.status!==`ready`)return;let{snapshot:t}=this.view,n=Object.keys(t.stuck).sort().join();t.entry_id===this.entryId?n!==this.stuck&&this.assets.refresh():(this.entryId=t.entry_id,this.assets.reset()),this.stuck=n}renderCard(e){let{value:t,problem:n}=this.assets;return S`<ha-card>
      <div class="head">
        <h2>${this.t(`history.problem_photos.title`)}</h2>
        ${t?.length?S`<span class="secondary">${this.format.count(t.length)}</span>`:w}
      </div>
      ${n===null?w:S`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t(`history.problem_photos.failed`)}</strong>
                  ${kn(n,this.format.words)}</span
                >
                <button class="link" @click=${()=>void this.assets.refresh()}>
                  ${this.t(`action.retry`)}
                </button>
              </div>
            </div>`}
      ${t?A([t,this.format],()=>this.renderAssets(t)):n===null?S`<div class="shapes" aria-busy="true"></div>`:w}
    </ha-card>`}renderAssets(e){return e.length?S`<p class="hint secondary">${this.t(`history.problem_photos.hint`)}</p>
      <ul>
        ${it(e,({asset_id:e})=>e,e=>this.renderAsset(e))}
      </ul>`:S`<div class="nothing">
        <ha-icon icon="mdi:check-circle"></ha-icon>
        <div>
          <div>${this.t(`history.problem_photos.none`)}</div>
          <div class="secondary">${this.t(`history.problem_photos.none_hint`)}</div>
        </div>
      </div>`}renderAsset(e){let t=e.file_name??this.t(`history.problem_photos.unnamed`),n=On(e.url),r=qr(e),i=this.t(`history.problem_photos.times`,{count:e.times_stuck,shown:this.format.count(e.times_stuck)}),a=this.t(`history.problem_photos.last`,{time:this.format.time(e.last,this.now())});return S`<li>
      <immich-tools-thumbnail
        .hass=${this.hass}
        .path=${e.thumbnail}
        .alt=${t}
      ></immich-tools-thumbnail>
      <div class="about">
        <div class="name">${t}</div>
        ${r?S`<div class="secondary" title=${e.path}>${kt(r)}</div>`:w}
        <div class="secondary">${e.queues.map(e=>this.queueLabel(e)).join(`, `)}</div>
        <div class="secondary">${i}, ${a}</div>
      </div>
      ${n?S`<a
              class="button icon filled"
              href=${n}
              target="_blank"
              rel="noopener noreferrer"
              title=${this.t(`action.open_in_immich`)}
              aria-label=${this.t(`history.problem_photos.open`,{name:t})}
              ><ha-icon icon="mdi:open-in-new"></ha-icon
            ></a>`:w}
    </li>`}queueLabel(e){return this.view.status===`ready`&&this.view.snapshot.queues[e]?.label||e}};function qr({path:e,file_name:t}){return e&&t&&e.endsWith(`/${t}`)?e.slice(0,-t.length-1)||`/`:e}R(`immich-admin-tools-problem-photos`,Kr,`history.problem_photos`,e=>[`problem_assets`,`stuck_jobs`].includes(e));var W=class extends D{constructor(...e){super(...e),this.question=``,this.consequence=``,this.yes=``,this.yesIcon=`mdi:broom`,this.no=``,this.pressed=e=>{e.key===`Escape`&&(e.stopPropagation(),this.say(`no`))}}static{this.styles=[N,Yt,Zt,o`
      :host {
        display: block;
        padding: 12px;
        border: 1px solid transparent;
        border-radius: 8px;
        background: var(--iat-warning-tint);
        font-size: 14px;
        line-height: 20px;
      }
      .ask {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 8px 12px;
      }
      .ask > ha-icon {
        display: flex;
        color: var(--iat-warning-ink);
        --mdc-icon-size: 20px;
      }
      p {
        overflow-wrap: anywhere;
      }
      strong {
        font-weight: 500;
      }
      .answers {
        grid-column: 2;
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      @media (forced-colors: active) {
        :host {
          border-color: CanvasText;
        }
      }
    `]}firstUpdated(){this.answer.focus()}render(){return S`<div class="ask" role="group" aria-labelledby="question" @keydown=${this.pressed}>
      <ha-icon icon="mdi:help-circle-outline"></ha-icon>
      <p id="question"><strong>${this.question}</strong> ${this.consequence}</p>
      <div class="answers">
        <button class="button main yes" @click=${()=>this.say(`yes`)}>
          <ha-icon .icon=${this.yesIcon}></ha-icon>${this.yes}
        </button>
        <button class="button text no" @click=${()=>this.say(`no`)}>${this.no}</button>
      </div>
    </div>`}say(e){this.dispatchEvent(new CustomEvent(e))}};P([O()],W.prototype,`question`,void 0),P([O()],W.prototype,`consequence`,void 0),P([O()],W.prototype,`yes`,void 0),P([O()],W.prototype,`yesIcon`,void 0),P([O()],W.prototype,`no`,void 0),P([We(`.yes`)],W.prototype,`answer`,void 0),W=P([L(`immich-tools-question`)],W);var Jr=24,Yr=23,Xr=class extends D{constructor(...e){super(...e),this.values=[],this.label=``,this.tone=`primary`}static{this.styles=[N,o`
      :host {
        display: block;
        height: ${Jr}px;
        --line: var(--iat-primary-ink);
        --area: var(--iat-primary-tint);
      }
      :host([tone="neutral"]) {
        --line: var(--iat-secondary);
        --area: var(--iat-neutral-tint);
      }
      :host([tone="warning"]) {
        --line: var(--iat-warning-ink);
        --area: var(--iat-warning-tint);
      }
      :host([tone="error"]) {
        --line: var(--iat-error-ink);
        --area: var(--iat-error-tint);
      }
      svg {
        display: block;
        width: 100%;
        height: 100%;
      }
      .line {
        fill: none;
        stroke: var(--line);
        stroke-width: 1.5;
        stroke-linejoin: round;
        stroke-linecap: round;
        vector-effect: non-scaling-stroke;
      }
      .area {
        fill: var(--area);
      }
      @media (forced-colors: active) {
        .line {
          stroke: CanvasText;
        }
        .area {
          fill: none;
        }
      }
    `]}render(){let e=Zr(this.values);if(!e.length)return w;let t=Math.max(1,...this.values.map(e=>e??0)),n=e=>Qr(Yr-e/t*22);return S`<svg
      viewBox="0 0 ${Math.max(1,this.values.length-1)} ${Jr}"
      preserveAspectRatio="none"
      role="img"
      aria-label=${this.label}
    >
      ${e.map(({start:e,values:t})=>{let r=t.map((t,r)=>`${e+r} ${n(t)}`).join(`L`);return we`<path class="area" d="M${e} ${Jr}L${r}L${e+t.length-1} ${Jr}Z"></path>
          <path class="line" d="M${r}"></path>`})}
    </svg>`}};P([O({attribute:!1})],Xr.prototype,`values`,void 0),P([O()],Xr.prototype,`label`,void 0),P([O({reflect:!0})],Xr.prototype,`tone`,void 0),Xr=P([L(`immich-tools-sparkline`)],Xr);function Zr(e){let t=[];return e.forEach((e,n)=>{if(e===null)return;let r=t.at(-1);r&&r.start+r.values.length===n?r.values.push(e):t.push({start:n,values:[e]})}),t}function Qr(e){return Math.round(e*10)/10}var $r=`\xA0· `,ei=120,ti={clear_stuck:`mdi:broom`,clear_failed:`mdi:tray-remove`,clear_waiting:`mdi:alert`,resume_anyway:`mdi:play`,restart:`mdi:restart`},ni=new Set([`stalled`,`worker_lost`,`worker_blocked`]),ri=3,ii=new Set([`state`,`waiting`,`active`,`rate`]);function ai(e){return e.state===`running`&&!G(e)&&!e.blocked&&(e.waiting>0||e.active>0)}function G(e){return e.state===`paused`||e.pause!==null&&!ni.has(e.state)}function K(e){return G(e)&&e.pause?.by===`immich_admin_tools`}function oi(e){return ni.has(e.state)}var q=class extends D{static{this.styles=[N,Yt,Zt,Qt,o`
      :host {
        display: block;
        position: relative;
        padding-inline: 16px;
      }
      :host::before {
        content: "";
        position: absolute;
        inset-block-start: 0;
        inset-inline: 68px 16px;
        border-block-start: 1px solid var(--iat-line);
      }
      :host(:first-of-type)::before {
        display: none;
      }
      .row {
        position: relative;
        display: grid;
        grid-template-columns: 40px minmax(0, 1fr) auto auto;
        align-items: center;
        column-gap: 12px;
        min-height: 64px;
        padding-block: 6px;
      }
      .wide {
        display: none;
      }
      .title {
        min-width: 0;
      }
      .names {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 8px;
      }
      .name {
        min-width: 0;
        padding: 0;
        border: 0;
        background: none;
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
        text-align: start;
        overflow-wrap: anywhere;
        cursor: pointer;
      }
      .name::after {
        content: "";
        position: absolute;
        inset-block: 0;
        inset-inline: -12px;
        border-radius: 8px;
      }
      .name:focus-visible {
        outline: none;
      }
      .name:focus-visible::after {
        outline: 2px solid var(--iat-primary-ink);
        outline-offset: -2px;
      }
      @media (hover: hover) {
        .name:hover::after {
          background: color-mix(in srgb, var(--iat-text) 4%, transparent);
        }
      }
      .pill {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        padding: 0 8px 0 6px;
        border: 1px solid transparent;
        border-radius: 10px;
        background: var(--iat-warning-tint);
        font-size: 12px;
        line-height: 18px;
        font-weight: 500;
        white-space: nowrap;
        --mdc-icon-size: 14px;
      }
      .pill ha-icon {
        display: flex;
        color: var(--iat-warning-ink);
      }
      .state {
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
        overflow-wrap: anywhere;
      }
      .waiting,
      .left {
        text-align: end;
      }
      .waiting,
      .big {
        font-size: 16px;
        line-height: 20px;
        font-weight: 500;
      }
      .big,
      .rate {
        white-space: nowrap;
      }
      .small,
      .rate {
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .left .small {
        max-width: 88px;
        margin-inline-start: auto;
        text-wrap: balance;
      }
      .speed {
        text-align: end;
      }
      .buttons {
        position: relative;
        display: flex;
        width: 40px;
        margin-inline-end: -8px;
      }
      immich-tools-menu {
        position: relative;
      }
      .below {
        display: grid;
        gap: 8px;
        padding-block-end: 12px;
      }
      .note {
        flex-wrap: wrap;
        gap: 4px 12px;
      }
      .note .words {
        flex: 1 1 160px;
      }
      .note .link {
        margin-inline-start: auto;
      }
      .panel {
        display: grid;
        gap: 12px;
        padding-block: 4px;
      }
      .panel .actions {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }
      .panel dl {
        display: grid;
        gap: 0 48px;
      }
      .panel dl div {
        display: flex;
        justify-content: space-between;
        gap: 16px;
        padding-block: 2px;
      }
      .panel dt {
        color: var(--iat-secondary);
      }
      .panel dd {
        font-weight: 500;
        text-align: end;
        overflow-wrap: anywhere;
      }
      .panel .spark .caption {
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .frozen .big,
      .frozen .waiting,
      .frozen .name {
        color: var(--iat-secondary);
      }
      @container (min-width: 600px) {
        .wide {
          display: block;
        }
        .narrow {
          display: none !important;
        }
        .row {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px 40px 40px;
        }
        .row.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px;
        }
        .left .small {
          max-width: none;
        }
        .buttons {
          margin-inline: 4px -4px;
        }
        immich-tools-menu.wide {
          display: inline-flex;
          margin-inline: 4px -4px;
        }
        .below {
          margin-inline-start: 52px;
        }
        .panel dl {
          grid-template-columns: minmax(0, 1fr);
          max-width: 560px;
        }
      }
      @container (min-width: 700px) {
        .row {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px 40px 40px;
        }
        .row.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px;
        }
      }
      @container (min-width: 860px) {
        .panel dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
          max-width: none;
        }
      }
      @media (forced-colors: active) {
        .pill {
          border-color: CanvasText;
        }
      }
    `]}constructor(){super(),this.spark=null,this.host=null,this.now=Date.now,this.mayAct=!1,this.skippedFor=null,this.frozenAt=null,this.roughRate=!1,this.doing=null,this.notice=null,this.open=!1,this.asking=null,this.startedBy=null,this.choose=e=>{let t=e.detail;t===`history`?this.dispatchEvent(new CustomEvent(`show-history`)):this.doing||(t===`run_queue`||t===`retry_failed`?this.act(t):this.ask(t))},this.confirmed=()=>{let{asking:e}=this;this.cancelled(),e&&this.act(e===`resume_anyway`||e===`restart`?{resume_anyway:`resume`,restart:`restart_workers`}[e]:e)},this.cancelled=()=>{this.asking=null,this.nameButton?.focus()},this.dismiss=()=>{this.dispatchEvent(new CustomEvent(`dismiss`)),this.nameButton?.focus()},this.toggle=()=>{this.open=!this.open},new Pn(this,30)}updated(e){if(e.has(`doing`)&&this.doing===null&&this.startedBy){let e=this.renderRoot.querySelector(this.startedBy)??this.nameButton;this.startedBy=null;let t=this.getRootNode().activeElement;(t===null||t===this||t===document.body)&&e?.focus()}}render(){let{queue:e}=this;return e?S`<div class="row ${this.frozen?`frozen`:``} ${this.mayAct?``:`watching`}">
        ${this.renderTile()}
        <div class="title">
          <div class="names">
            <button
              class="name"
              aria-expanded=${this.open}
              aria-controls=${this.open?`details`:w}
              @click=${this.toggle}
            >
              <bdi>${e.label}</bdi>
            </button>
            ${this.frozen?w:this.renderPills()}
          </div>
          <div class="state wide"><bdi>${this.stateLine()}</bdi></div>
          <div class="state narrow"><bdi>${this.shortLine()}</bdi></div>
        </div>
        <div class="waiting wide">${this.renderWaiting()}</div>
        <div class="speed wide">${this.frozen?w:this.renderSpeed()}</div>
        <div class="left">${this.frozen?w:this.renderLeft()}</div>
        ${this.mayAct?S`<div class="buttons">${this.renderSwitch()}</div>
                ${this.renderMenu(`wide`)}`:w}
      </div>
      ${this.renderBelow()}`:w}get frozen(){return this.frozenAt!==null}get tone(){let{queue:e}=this;if(this.frozen)return`neutral`;if(this.skippedFor)return`error`;switch(e.state){case`stalled`:return`warning`;case`worker_lost`:case`worker_blocked`:return`error`;case`running`:return ai(e)?`primary`:`neutral`;default:return`neutral`}}renderTile(){let{queue:e}=this,t=this.badge(),n=ai(e)&&!t?Tt(e):null;return S`<immich-tools-icon-tile
      .icon=${Dt(e.name)}
      .tone=${this.tone}
      .progress=${n}
      .progressLabel=${n===null?``:this.t(`progress`,{percent:this.format.percent(n)})}
      .badge=${t}
      .badgeTone=${this.tone}
    ></immich-tools-icon-tile>`}badge(){let{queue:e}=this;switch(e.state){case`stalled`:return`mdi:alert`;case`worker_lost`:return`mdi:account-off`;case`worker_blocked`:return`mdi:account-lock`}return G(e)?e.pause?.by===`user`?`mdi:hand-back-right`:{gpu_offline:`mdi:power-sleep`,restart:`mdi:restart`,heal:`mdi:broom`}[e.pause?.reason??``]??`mdi:pause-circle`:e.blocked?`mdi:timer-sand`:null}renderPills(){let{queue:e}=this,{stuck:t,slow:n,lost_slots:r,concurrency:i}=e,a=[];return t-n>0&&a.push(this.count(`pill.stuck`,t-n)),n>0&&a.push(this.count(`pill.slow`,n)),r&&e.state!==`worker_blocked`&&a.push(i!==null&&i>r?this.t(`pill.workers`,{left:this.format.count(i-r),all:this.format.count(i)}):this.count(`pill.blocked`,r)),a.map(e=>S`<span class="pill"><ha-icon icon="mdi:alert"></ha-icon><bdi>${e}</bdi></span>`)}stateName(){let{queue:e}=this;if(G(e)){let{pause:t}=e;if(!t)return this.t(`state.paused`);if(t.by===`user`)return t.until===null?this.t(`state.paused_by_hand`):this.t(`state.paused_until`,{time:this.time(t.until)});switch(t.reason){case`gpu_offline`:return this.host?this.t(`state.paused_for_host`,{host:this.host.name}):this.t(`state.paused_for_a_host`);case`restart`:return this.t(`state.paused_restart`);case`heal`:return this.t(`state.paused_heal`);case null:return this.t(`state.resuming`);default:return this.t(`state.paused_for_you`)}}if(e.state===`running`&&e.blocked)return this.t(`state.blocked`);if(e.state===`running`&&!ai(e)&&!G(e))return this.t(`state.done`);let t=`queues.state.${e.state}`;return this.format.words.has(t)?this.t(`state.${e.state}`):e.state}stateLine(){let{queue:e}=this;if(this.frozenAt!==null)return this.t(`state.last_seen`,{time:this.time(this.frozenAt)});let t=[this.stateName()];return e.active>0&&t.push(this.count(e.state===`worker_lost`?`count.left_behind`:`count.active`,e.active)),e.delayed>0&&t.push(this.count(`count.delayed`,e.delayed)),e.failed>0&&t.push(this.count(`count.failed`,e.failed)),t.join($r)}shortLine(){let{queue:e}=this,t=[];return e.waiting>0&&t.push(this.count(`count.waiting`,e.waiting)),this.frozenAt===null?G(e)?t.length?e.pause?.by!==`immich_admin_tools`&&t.push(this.t(e.pause?`short.paused_by_hand`:`short.paused`)):t.push(this.stateName()):ai(e)?t.length?t.push(this.rate()??this.t(`rate.measuring`)):t.push(this.stateName(),this.count(`count.active`,e.active)):t.length||(t.push(this.stateName()),e.failed>0&&t.push(this.count(`count.failed`,e.failed))):t.push(this.t(`state.last_seen`,{time:this.time(this.frozenAt)})),t.join($r)}renderWaiting(){let{waiting:e,state:t}=this.queue;return!e&&t===`idle`?w:S`${this.format.count(e)}<span class="visually-hidden">
        ${this.t(`column.waiting`)}</span
      >`}rate(){let e=this.format.rate(this.queue.rate);return e!==null&&this.roughRate&&this.queue.rate?this.t(`rate.about`,{rate:e.replace(/^~/,``)}):e}renderSpeed(){let{queue:e}=this;return e.state===`idle`||G(e)&&!this.spark?.some(e=>e)?w:S`${this.renderSpark()}
    ${G(e)||e.blocked?w:S`<div class="rate"><bdi>${this.rate()??this.t(`rate.measuring`)}</bdi></div>`}`}renderSpark(){let e=this.spark?.filter(e=>e!==null)??[];return!this.spark||e.length<ri?w:S`<immich-tools-sparkline
      .values=${this.spark}
      .tone=${this.tone}
      .label=${this.t(`rate.spark`,{low:this.format.count(Math.min(...e)),high:this.format.count(Math.max(...e))})}
    ></immich-tools-sparkline>`}renderLeft(){let{queue:e,format:t}=this,n=(e,t=null)=>S`<div class="big"><bdi>${e}</bdi></div>
        ${t===null?w:S`<div class="small"><bdi>${t}</bdi></div>`}`,r=e=>S`<div class="small"><bdi>${e}</bdi></div>`;if(oi(e)){let r=t.duration((this.now()-e.state_since)/1e3);return n(this.t(`left.stopped`),this.t(`left.stopped_for`,{time:r}))}if(G(e)){let{pause:t}=e,i=t?.reason===`gpu_offline`?this.host?.wake_at_latest:null;if(i&&i>this.now())return n(this.time(i),this.t(`left.at_latest`));if(t?.until)return r(this.t(`left.until`,{time:this.time(t.until)}));let a=t?.since??null;return a===null?w:r(this.t(`left.since`,{time:this.time(a)}))}if(e.blocked)return r(this.t(`left.others`));if(e.eta){let r=this.remaining(e.eta.finish),i=t.timeLeft(r);return n(r<60?i:this.t(`left.about`,{time:i}),t.timeLeftRange({...e.eta,remaining:r}))}switch(e.no_eta){case`nearly_done`:return n(t.timeLeft(0));case`measuring`:{let t=e.run?.since??e.state_since;return r(this.t(this.now()-t<ei*1e3?`left.soon`:`left.unknown`))}case`not_moving`:return r(this.t(`left.unknown`));default:return w}}renderSwitch(e=!1){let{queue:t}=this;if(!this.mayAct||K(t))return w;let n=G(t),r=S`<ha-icon .icon=${n?`mdi:play`:`mdi:pause`}></ha-icon>`,i=this.t(n?`action.resume_queue`:`action.pause_queue`,{name:t.label});return S`<button
      class=${e?`button switch-named`:`button icon switch ${n?`filled`:``}`}
      aria-label=${i}
      title=${e?w:i}
      ?disabled=${this.doing!==null}
      @click=${()=>this.act(n?`resume`:`pause`,{},e?`.switch-named`:`.switch`)}
    >
      ${r}${e?this.t(n?`action.resume`:`action.pause`):w}
    </button>`}menuItems(){let{queue:e}=this,t=[],n=(e,n,r)=>t.push({id:e,icon:`mdi:${n}`,label:r});return this.mayAct&&(e.startable&&e.active===0&&n(`run_queue`,`play-box-multiple`,this.t(`menu.run`)),e.writable&&e.failed>0&&n(`retry_failed`,`refresh`,this.count(`menu.retry_failed`,e.failed)),e.writable&&e.stuck>0&&n(`clear_stuck`,`broom`,this.count(`menu.clear_stuck`,e.stuck)),e.failed>0&&n(`clear_failed`,`tray-remove`,this.count(`menu.clear_failed`,e.failed)),e.waiting>0&&n(`clear_waiting`,`alert`,this.count(`menu.clear_waiting`,e.waiting)),K(e)&&n(`resume_anyway`,`play`,this.t(`menu.resume_anyway`)),e.lost_slots&&this.restart.configured&&!this.restart.running&&n(`restart`,`restart`,this.t(`menu.restart`))),n(`history`,`history`,this.t(`menu.history`)),t}renderMenu(e){return S`<immich-tools-menu
      class=${e}
      .label=${this.format.words.text(`action.more_of`,{name:this.queue.label})}
      .items=${this.menuItems()}
      @choose=${this.choose}
    ></immich-tools-menu>`}ask(e){this.asking=e}act(e,t={},n=`.name`){this.doing||(this.startedBy=n,this.dispatchEvent(new CustomEvent(`act`,{detail:{action:e,data:t}})))}renderQuestion(){let{asking:e,queue:t,restart:n}=this;if(!e||!this.mayAct)return w;let r={clear_stuck:t.stuck,clear_failed:t.failed,clear_waiting:t.waiting}[e]??0,i=this.t(`ask.${e}.text`);return e===`clear_waiting`&&t.startable?i=this.t(`ask.clear_waiting.text_startable`):e===`restart`&&(i=n.usual_seconds===null?this.t(`ask.restart.text_unknown`):this.t(`ask.restart.text`,{time:this.format.duration(n.usual_seconds)})),S`<immich-tools-question
      .question=${this.t(`ask.${e}.question`,{name:t.label,count:r,shown:this.format.count(r)})}
      .consequence=${i}
      .yes=${this.t(`ask.${e}.yes`)}
      .yesIcon=${ti[e]}
      .no=${this.format.words.text(`action.cancel`)}
      @yes=${this.confirmed}
      @no=${this.cancelled}
    ></immich-tools-question>`}renderBelow(){let e=[this.renderNote(),this.renderDoing(),this.renderNotice(),this.renderQuestion(),this.renderDetails()];return e.every(e=>e===w)?w:S`<div class="below">${e}</div>`}renderNote(){let{queue:e}=this;if(this.frozen)return w;switch(e.state){case`stalled`:return this.note(`warning`,`mdi:alert`,this.stalledWhy(),e.stuck>0?this.link(`show_stuck`,`show_stuck_of`,{name:e.label},()=>this.dispatchEvent(new CustomEvent(`show-stuck`))):w);case`worker_lost`:return this.renderRestartNote(this.t(`note.worker_lost`));case`worker_blocked`:return this.renderRestartNote(this.count(`note.worker_blocked`,e.lost_slots??1))}return K(e)?this.renderHeld():this.skippedFor?this.note(`error`,`mdi:alert-circle`,this.t(`note.skipping`,{host:this.skippedFor})):e.blocked&&!G(e)?this.note(``,`mdi:information-outline`,this.t(`note.blocked`)):w}stalledWhy(){let{active:e,concurrency:t}=this.queue;return e===0?this.t(`note.stalled_none`):this.count(e===t?`note.stalled_all`:`note.stalled_some`,e)}renderRestartNote(e){let{restart:t}=this;return t.running?this.note(``,`mdi:restart`,this.t(`note.restarting`)):this.note(`error`,`mdi:alert-circle`,t.configured?e:`${e} ${this.t(`note.restart_by_hand`)}`,t.configured?this.link(`restart`,`restart_for`,{name:this.queue.label},()=>this.ask(`restart`)):w)}renderHeld(){let{queue:e,host:t}=this,n=e.pause?.reason;if(n===`restart`||n===`heal`)return this.note(``,`mdi:auto-fix`,this.t(`note.${n}`));if(n!==`gpu_offline`)return w;if(!t)return this.note(``,`mdi:auto-fix`,this.t(`note.host_unknown`));let r={off:`off`,waking:`starting`,booting:`starting`,ready:`ready`,working:`ready`,draining:`stopping`,shutting_down:`stopping`,wake_failed:`failed`},i=t.state===`off`&&(!t.automatic||t.hold===`off`),a=this.t(i?`note.host_off_by_hand`:`note.host_${r[t.state]}`,{host:t.name}),o=t.state===`wake_failed`,s=(t.state===`off`||o)&&t.can_wake&&t.device_id!==null;return this.note(o?`error`:``,o?`mdi:alert-circle`:`mdi:auto-fix`,a,s?this.link(o?`wake_again`:`wake`,o?`wake_again_for`:`wake_for`,{host:t.name,name:e.label},()=>this.act(`wake`,{device_id:t.device_id})):w)}note(e,t,n,r=w){return S`<div class="note ${e}">
      <ha-icon .icon=${t}></ha-icon><span class="words"><bdi>${n}</bdi></span
      >${r}
    </div>`}link(e,t,n,r){return!this.mayAct&&e!==`show_stuck`?w:S`<button
      class="link"
      aria-label=${this.t(`action.${t}`,n)}
      ?disabled=${this.doing!==null}
      @click=${r}
    >
      ${this.t(`link.${e}`)}
    </button>`}renderDoing(){return!this.doing||this.doing===`pause`||this.doing===`resume`?w:S`<div class="note" role="status">
      <ha-icon icon="mdi:timer-sand"></ha-icon
      ><span class="words"><bdi>${this.t(`doing.${this.doing}`)}</bdi></span>
    </div>`}renderNotice(){let{notice:e}=this;if(!e)return w;let t={success:`mdi:check-circle`,warning:`mdi:alert`,error:`mdi:alert-circle`,info:`mdi:information-outline`},n=e.tone===`error`;return S`<div class="note ${e.tone}" role=${n?`alert`:`status`}>
      <ha-icon .icon=${t[e.tone]}></ha-icon>
      <span class="words"
        ><bdi
          >${n?S`<strong>${this.format.words.text(`card.action_failed`)}</strong> `:w}${e.text}</bdi
        ></span
      >
      <button class="link" @click=${this.dismiss}>${this.format.words.text(`action.dismiss`)}</button>
    </div>`}renderDetails(){if(!this.open)return w;let e=this.details(),t=this.frozen?w:this.renderSpark();return S`<div
      class="panel"
      id="details"
      role="group"
      aria-label=${this.t(`action.details`,{name:this.queue.label})}
    >
      ${t===w?w:S`<div class="spark narrow">
              <div class="caption">${this.t(`column.rate`)}</div>
              ${t}
            </div>`}
      <dl>
        ${e.map(([e,t,n])=>S`<div class=${n?`narrow`:``}>
              <dt><bdi>${e}</bdi></dt>
              <dd><bdi>${t}</bdi></dd>
            </div>`)}
      </dl>
      ${this.mayAct?S`<div class="actions narrow">${this.renderSwitch(!0)}${this.renderMenu(`narrow`)}</div>`:w}
    </div>`}details(){let{queue:e,format:t}=this,n=this.t(`detail.unknown`),r=[],i=(e,t)=>r.push([this.t(`detail.${e}`),t,ii.has(e)]),a=e.active>0||e.waiting>0;i(`state`,this.stateName()),G(e)&&i(`paused`,this.pauseWords());for(let n of[`waiting`,`active`,`delayed`,`failed`])i(n,t.count(e[n]));if(e.stuck>0){let{stuck:n,slow:r}=e;i(`stuck`,r>0?this.t(`detail.stuck_slow`,{stuck:t.count(n),slow:t.count(r)}):t.count(n))}e.lost_slots&&i(`lost`,t.count(e.lost_slots)),a&&!G(e)&&i(`rate`,this.rate()??this.t(`rate.measuring`));let o=Tt(e);if(e.run&&o!==null&&a&&i(`run`,this.t(`detail.run_value`,{done:t.count(e.run.done),all:t.count(e.run.done+e.waiting+e.active),percent:t.percent(o)})),e.eta){let t=this.time(e.eta.low),n=this.time(e.eta.high);i(`finish`,t===n?t:`${t}–${n}`)}if(e.average_duration===null)i(`average`,n);else{let n=t.seconds(e.average_duration);i(`average`,e.usual_duration===null?n:this.t(`detail.average_value`,{average:n,usual:t.seconds(e.usual_duration)}))}if(e.active>0&&i(`oldest`,e.oldest_active===null?n:t.duration(e.oldest_active)),i(`concurrency`,e.concurrency===null?n:t.count(e.concurrency)),e.threshold===0)i(`threshold`,this.t(`detail.never`));else{let n=t.duration(e.threshold);i(`threshold`,e.suggested_threshold===null?n:this.t(`detail.threshold_value`,{threshold:n,learned:t.duration(e.suggested_threshold)}))}return r}pauseWords(){let{pause:e}=this.queue;if(!e)return this.t(`detail.unknown`);let t=e.by===`user`?`by_hand`:`automatically`,n=e.since===null?this.t(`detail.${t}`):this.t(`detail.${t}_since`,{time:this.time(e.since)});return e.until===null?n:this.t(`detail.until`,{pause:n,time:this.time(e.until)})}remaining(e){return Math.max(0,(e-this.now())/1e3)}time(e){return this.format.time(e,this.now())}t(e,t={}){return this.format.words.text(`queues.${e}`,t)}count(e,t){return this.t(e,{count:t,shown:this.format.count(t)})}};P([O({attribute:!1})],q.prototype,`queue`,void 0),P([O({attribute:!1})],q.prototype,`spark`,void 0),P([O({attribute:!1})],q.prototype,`host`,void 0),P([O({attribute:!1})],q.prototype,`format`,void 0),P([O({attribute:!1})],q.prototype,`now`,void 0),P([O({attribute:!1})],q.prototype,`restart`,void 0),P([O({type:Boolean})],q.prototype,`mayAct`,void 0),P([O()],q.prototype,`skippedFor`,void 0),P([O({type:Number})],q.prototype,`frozenAt`,void 0),P([O({type:Boolean})],q.prototype,`roughRate`,void 0),P([O()],q.prototype,`doing`,void 0),P([O({attribute:!1})],q.prototype,`notice`,void 0),P([O({type:Boolean,reflect:!0})],q.prototype,`open`,void 0),P([k()],q.prototype,`asking`,void 0),P([We(`.name`)],q.prototype,`nameButton`,void 0),q=P([L(`immich-tools-queue-row`)],q);var si=3e4;function ci(e){return oi(e)?0:G(e)?K(e)?3:4:e.state===`running`?e.blocked?2:1:5}function li(e){return e.filter(Ot).map((e,t)=>({queue:e,index:t})).sort((e,t)=>ci(e.queue)-ci(t.queue)||(t.queue.eta?.remaining??-1)-(e.queue.eta?.remaining??-1)||t.queue.waiting-e.queue.waiting||e.index-t.index).map(({queue:e})=>e.name)}var ui=class{constructor(){this.shown=null,this.since=0,this.pending=!1}next(e,t,n){let r=li(e);if(this.shown===null||!n&&t-this.since>=3e4)return this.shown?.join()!==r.join()&&(this.since=t),this.shown=r,this.pending=!1,r;let i=new Set(e.map(({name:e})=>e)),a=this.shown.filter(e=>i.has(e)),o=r.filter(e=>!a.includes(e));return(o.length||a.length!==this.shown.length)&&(this.shown=[...a,...o]),this.pending=this.shown.join()!==r.join(),this.shown}left(e){return Math.max(0,this.since+si-e)}forget(){this.shown=null}};function di(e,t,n,r,i){let{queues:a,confirmed:o,seconds:s,still_paused:c}=t,l=a?.[n],u=(e,t={})=>r.words.text(`queues.result.${e}`,t),d=(e,t)=>u(e,{count:t,shown:r.count(t)}),f=l?.count,p=l?.skipped?.length??0;switch(e){case`retry_failed`:if(f===void 0)break;return{tone:p?`warning`:`success`,text:[d(`retry_failed`,f),...p?[d(`retry_skipped`,p)]:[]].join(` `)};case`clear_failed`:case`clear_waiting`:if(f===void 0)break;return{tone:`success`,text:d(e,f)};case`run_queue`:return l?.started===!1?{tone:`warning`,text:u(`not_started`)}:{tone:`success`,text:u(`run_queue`)};case`clear_stuck`:if(!l?.jobs)break;return fi(l.jobs,p,d,u);case`restart_workers`:{if(o===void 0)break;let e=[o?u(`restarted`,{time:r.duration(s??0)}):u(`restart_unconfirmed`)];return c?.length&&e.push(u(`still_paused`,{queues:r.list(c.map(i))})),{tone:o&&!c?.length?`success`:`warning`,text:e.join(` `)}}case`pause`:case`resume`:case`wake`:return null}return{tone:`info`,text:u(`done`)}}function fi(e,t,n,r){let i=e.filter(({outcome:e})=>e===`confirmed`),a=i.filter(({mode:e})=>e===`requeue`).length,o={cleared:i.length-a,requeued:a,slot_lost:e.filter(({outcome:e})=>e===`slot_lost`).length,unconfirmed:e.filter(({outcome:e})=>e===`unconfirmed`).length,failed:e.filter(({outcome:e})=>e===`failed`).length,skipped:t},s=Object.entries(o).flatMap(([e,t])=>t>0?[n(e,t)]:[]);return s.length?{tone:i.length>0&&i.length===e.length&&t===0?`success`:`warning`,text:s.join(` `)}:{tone:`info`,text:r(`nothing_stuck`)}}var pi=6e5,mi=new Set([`state`,`waiting`,`active`,`delayed`,`failed`,`rate`,`eta`,`time_remaining`,`processed`]),hi=class extends F{constructor(...e){super(...e),this.idleOpen=null,this.asking=null,this.doingAll=!1,this.doing=new Map,this.notices=new Map,this.order=new ui,this.pointed=!1,this.clock=()=>this.now(),this.chooseForAll=e=>{this.doingAll||(this.asking=e.detail)},this.pointerIn=()=>{this.pointed=!0},this.pointerOut=()=>{this.pointed=!1,this.planReorder()},this.planReorder=()=>{clearTimeout(this.reorder),this.order.pending&&this.isConnected&&(this.reorder=setTimeout(()=>this.requestUpdate(),this.order.left(Date.now())+50))}}static{this.styles=[...[F.styles].flat(2),o`
      .head .titles {
        flex: 1;
        min-width: 0;
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 6px;
      }
      .head .end {
        margin-inline-end: -4px;
      }
      .columns {
        display: none;
        padding-inline: 16px;
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .columns span {
        text-align: end;
      }
      .columns .first {
        text-align: start;
        grid-column: 1 / 3;
      }
      .fold {
        position: relative;
        display: flex;
        align-items: center;
        gap: 12px;
        width: 100%;
        min-height: 56px;
        padding: 8px 16px;
        border: 0;
        background: none;
        color: var(--iat-secondary);
        font-size: 14px;
        line-height: 20px;
        text-align: start;
        --mdc-icon-size: 20px;
      }
      button.fold {
        cursor: pointer;
      }
      .fold:focus-visible {
        outline-offset: -4px;
        border-radius: 12px;
      }
      .fold ha-icon {
        display: flex;
        flex: none;
      }
      .fold .icons {
        display: none;
        flex: 1;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px 6px;
        height: 20px;
        overflow: hidden;
      }
      .fold .chevron {
        margin-inline-start: auto;
      }
      .source {
        display: grid;
        gap: 8px;
        padding: 8px 16px 16px;
      }
      .source .note {
        flex-wrap: wrap;
        align-items: start;
        padding: 10px 12px;
      }
      .source .note > ha-icon {
        padding-block: 1px;
      }
      .source .note .button {
        margin-inline-start: 30px;
        background: color-mix(in srgb, var(--iat-text) 10%, var(--iat-neutral-tint));
      }
      .source .note .words {
        flex-basis: calc(100% - 30px);
      }
      .shape {
        display: grid;
        grid-template-columns: 40px 1fr;
        align-items: center;
        gap: 12px;
        min-height: 64px;
        padding-inline: 16px;
      }
      .shape i {
        display: block;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .shape .round {
        width: 40px;
        height: 40px;
        border-radius: 50%;
      }
      .shape .long {
        width: 50%;
        height: 14px;
        margin-block-end: 8px;
      }
      .shape .short {
        width: 30%;
        height: 10px;
      }
      @container card (min-width: 600px) {
        .columns {
          display: grid;
          align-items: end;
          column-gap: 12px;
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px 40px 40px;
        }
        .columns.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px;
        }
        .fold .icons {
          display: flex;
        }
        .fold .chevron {
          margin-inline-start: 0;
        }
        .columns.narrow-only {
          display: none;
        }
      }
      @container card (min-width: 700px) {
        .columns {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px 40px 40px;
        }
        .columns.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px;
        }
      }
    `]}static getConfigForm(){let e=new _t(Nt().locale.language);return en([{name:`title`,selector:{text:{}}},{name:`queues`,selector:{select:{multiple:!0,custom_value:!0,options:e.keys(`queues.queue`).map(t=>({value:t,label:e.text(`queues.queue.${t}`)}))}}},{name:`hide_idle`,selector:{boolean:{}}},{name:`expanded`,selector:{boolean:{}}}],{queues:`queues.editor.queues`,hide_idle:`queues.editor.hide_idle`,expanded:`queues.editor.expanded`})}static getStubConfig(){return{}}setConfig(e){let{queues:t}=e;if(t!==void 0&&!(Array.isArray(t)&&t.every(e=>typeof e==`string`)))throw Error(`queues must be a list of names.`);this.order.forget(),this.idleOpen=null,this.asking=null,this.notices.clear(),super.setConfig(e)}getCardSize(){return 7}disconnectedCallback(){super.disconnectedCallback(),clearTimeout(this.reorder),this.pointed=!1}renderLoading(){let e=S`<div class="shape">
      <i class="round"></i>
      <div><i class="long"></i><i class="short"></i></div>
    </div>`;return S`<ha-card aria-busy="true">
      <div class="head"><h2>${this.heading}</h2></div>
      <span class="visually-hidden" role="status">${this.t(`card.loading`)}</span>
      ${e}${e}${e}
    </ha-card>`}get heading(){return this.config?.title||this.t(`queues.title`)}renderCard(e,t){let n=this.config?.queues,r=e.order.filter(e=>!n?.length||n.includes(e)).flatMap(t=>e.queues[t]??[]),i=t||!Ft(e),a=this.isHeld(),o=this.order.next(r,Date.now(),a);a||this.planReorder();let s=o.flatMap(t=>e.queues[t]??[]),c=r.filter(({name:e})=>!o.includes(e)),l=!this.config?.hide_idle,u=e.may_act&&!i&&e.unreachable_since===null;return S`<ha-card>
      <div class="head">
        <div class="titles">
          <h2>${this.heading}</h2>
          <span class="secondary"><bdi>${this.summary(e,r,i)}</bdi></span>
        </div>
        ${u?S`<span class="end"
                ><immich-tools-menu
                  .label=${this.t(`queues.menu.of_card`)}
                  .items=${this.menuItems(r)}
                  @choose=${this.chooseForAll}
                ></immich-tools-menu
              ></span>`:w}
      </div>
      ${this.renderAll(e,r,u)}
      ${s.length?S`<div class="columns ${u?``:`watching`}" aria-hidden="true">
              <span class="first">${this.t(`queues.column.queue`)}</span>
              <span>${this.t(`queues.column.waiting`)}</span>
              <span>${this.t(`queues.column.rate`)}</span>
              <span>${this.t(`queues.column.left`)}</span>
            </div>`:w}
      ${this.renderRows(e,s,u,i,`busy`)}
      ${i&&s.length?w:this.renderIdle(e,s,c,u,i,l)}
      ${this.renderSource(e,t)}
    </ha-card>`}summary(e,t,n){if(n)return this.t(`queues.head.as_of`,{time:this.format.time(e.as_of,this.now())});let r=(e,t)=>t>0?[this.t(`queues.head.${e}`,{count:t,shown:this.format.count(t)})]:[],i=t.filter(oi),a=t.filter(e=>G(e)&&!K(e)),o=t.filter(e=>e.state===`running`&&!G(e)&&e.blocked),s=[...r(`running`,t.filter(ai).length),...r(`paused`,a.length),...r(`waiting`,t.filter(K).length+o.length),...r(`attention`,i.length)];return s.length||!t.length?s.join(` · `):this.t(`queues.head.all_idle`,{count:this.format.count(t.length)})}renderRows(e,t,n,r,i){return t.length?S`<div
      role="list"
      class="rows"
      id=${i}
      aria-label=${i===`busy`?this.heading:this.t(`queues.fold.list`)}
      @pointerenter=${this.pointerIn}
      @pointerleave=${this.pointerOut}
      @focusout=${this.planReorder}
    >
      ${it(t,({name:e})=>e,t=>S`<immich-tools-queue-row
            role="listitem"
            .queue=${t}
            .spark=${e.sparks[t.name]??null}
            .host=${t.pause?.host?e.gpu_hosts[t.pause.host]??null:null}
            .skippedFor=${vi(e,t)}
            .format=${this.format}
            .now=${this.clock}
            .restart=${e.restart}
            .mayAct=${n}
            .frozenAt=${r?e.as_of:null}
            .roughRate=${e.source===`redis_lost`}
            .doing=${this.doing.get(t.name)??null}
            .notice=${this.notices.get(t.name)??null}
            ?open=${i===`busy`&&this.config?.expanded===!0}
            @act=${n=>void this.actOn(e,t,n.detail)}
            @dismiss=${()=>this.tell(t.name,null)}
            @show-stuck=${()=>this.showStuckOf(e,t)}
            @show-history=${()=>this.showHistoryOf(t)}
          ></immich-tools-queue-row>`)}
    </div>`:(this.pointed&&=i===`idle`,w)}renderIdle(e,t,n,r,i,a){if(!n.length)return t.length?w:S`<div class="fold">${this.t(`queues.fold.none_known`)}</div>`;if(!a&&t.length)return w;let o=this.idleOpen??this.config?.expanded===!0,s=t.length?this.t(`queues.fold.idle`,{count:n.length,shown:this.format.count(n.length)}):this.t(`queues.fold.all`,{time:this.format.time(Math.max(...n.map(e=>e.state_since)),this.now())}),c=S`<ha-icon icon="mdi:check"></ha-icon>`;return a?S`<button
        class="fold"
        aria-expanded=${o}
        aria-controls=${o?`idle`:w}
        @click=${()=>this.idleOpen=!o}
      >
        ${c}<span><bdi>${s}</bdi></span>
        <span class="icons" aria-hidden="true"
          >${o||!t.length?w:n.map(({name:e,label:t})=>S`<ha-icon .icon=${Dt(e)} title=${t}></ha-icon>`)}</span
        >
        <ha-icon class="chevron" .icon=${o?`mdi:chevron-up`:`mdi:chevron-down`}></ha-icon>
      </button>
      ${o?this.renderRows(e,n,r,i,`idle`):w}`:S`<div class="fold">
        ${c}<span><bdi>${s}</bdi></span>
      </div>`}renderSource(e,t){let n=[],r=(e,t,n,r,i=w)=>S`<div class="note ${e}" role=${e?`status`:w}>
        <ha-icon .icon=${t}></ha-icon>
        <span class="words"
          ><bdi><strong>${n}</strong> ${r}</bdi></span
        >
        ${i}
      </div>`;if(t)n.push(r(``,`mdi:lan-disconnect`,``,this.t(`queues.source.disconnected`)));else if(e.unreachable_since!==null){let t=this.format.duration(e.poll_interval);n.push(r(`error`,`mdi:lan-disconnect`,this.t(`queues.source.unreachable`),this.t(`queues.source.unreachable_text`,{time:t})))}else e.source===`redis_lost`?n.push(r(``,`mdi:database-off`,``,this.t(`queues.source.redis_lost`))):e.source===`api`&&n.push(r(``,`mdi:link-off`,this.t(`queues.source.api`),this.t(`queues.source.api_text`),this.hass.user?.is_admin?S`<button class="button" @click=${$t}>
                ${this.t(`queues.source.add_redis`)}
              </button>`:w));return n.length?S`<div class="source">${n}</div>`:w}menuItems(e){let t=[];return gi(e).length&&t.push({id:`pause_all`,icon:`mdi:pause`,label:this.t(`queues.menu.pause_all`)}),_i(e).length&&t.push({id:`resume_all`,icon:`mdi:play`,label:this.t(`queues.menu.resume_all`)}),t}renderAll(e,t,n){if(!n||!this.asking&&this.actionError===null&&!this.doingAll)return w;let{asking:r}=this,i=r===`pause_all`?gi(t):_i(t);return S`<div class="source">
      ${this.renderActionError()}
      ${r?S`<immich-tools-question
              .question=${this.t(`queues.ask.${r}.question`,{count:i.length,shown:this.format.count(i.length)})}
              .consequence=${this.t(`queues.ask.${r}.text`)}
              .yes=${this.t(`queues.ask.${r}.yes`)}
              .yesIcon=${r===`pause_all`?`mdi:pause`:`mdi:play`}
              .no=${this.t(`action.cancel`)}
              @yes=${()=>void this.actOnAll(e,r,i)}
              @no=${()=>this.stopAsking()}
            ></immich-tools-question>`:w}
    </div>`}stopAsking(){this.asking=null,this.renderRoot.querySelector(`.head immich-tools-menu`)?.shadowRoot?.querySelector(`button`)?.focus()}async actOnAll(e,t,n){this.stopAsking(),n.length&&(this.doingAll=!0,await this.act(t===`pause_all`?`pause`:`resume`,{config_entry_id:e.entry_id,queue:n.map(({name:e})=>e)}),this.doingAll=!1)}async actOn(e,t,{action:n,data:r}){if(this.doing.has(t.name))return;this.doing.set(t.name,n),this.tell(t.name,null);let i={config_entry_id:e.entry_id,queue:t.name},a={restart_workers:{config_entry_id:e.entry_id},wake:{}},o=await this.act(n,{...a[n]??i,...r});this.doing.delete(t.name),o===null?(this.tell(t.name,{tone:`error`,text:this.actionError??``}),this.actionError=null):this.tell(t.name,di(n,o,t.name,this.format,e=>this.labelOf(e)))}labelOf(e){return this.view.status===`ready`?this.view.snapshot.queues[e]?.label??e:e}tell(e,t){t?(this.notices.set(e,t),setTimeout(()=>{this.notices.get(e)===t&&this.tell(e,null)},pi)):this.notices.delete(e),this.requestUpdate()}showStuckOf(e,t){!Er(this,e.entry_id,t.name)&&t.entity_id&&Mt(this,t.entity_id)}showHistoryOf(e){jt(Sr(this,`history`)??(e.entity_id?`/history?entity_id=${e.entity_id}`:`/history`))}isHeld(){let e=this.shadowRoot?.activeElement;return this.pointed||e?.localName===`immich-tools-queue-row`}};P([k()],hi.prototype,`idleOpen`,void 0),P([k()],hi.prototype,`asking`,void 0),P([k()],hi.prototype,`doingAll`,void 0);function gi(e){return e.filter(e=>!G(e)||K(e))}function _i(e){return e.filter(e=>G(e)&&!K(e))}function vi(e,t){if(!ai(t))return null;let n=Object.values(e.gpu_hosts).filter(({queues:e})=>e.includes(t.name));return n.every(({online:e})=>e===!1)?n[0]?.name??null:null}R(`immich-admin-tools-queues`,hi,`queues`,e=>mi.has(e));function yi(e){let t=Math.max(0,...e.map(e=>e.length)),n=Array(t).fill(0);return e.map(e=>{let r=[];for(let[i,a]of ki(e)){let o=[],s=[];for(let r=i;r<=a;r+=1){let i=Di(r,t),a=n[r];s.unshift([i,a]),o.push([i,a+e[r]]),n[r]=a+e[r]}r.push(i===a?Oi(o[0],s[0],t):[...o,...s])}return{pieces:r}})}function bi(e){let t=Math.max(0,...e.map(e=>e.length));return Array.from({length:t},(t,n)=>xi(e.map(e=>e[n]??null)))}function xi(e){let t=e.filter(e=>e!==null);return t.length?t.reduce((e,t)=>e+t,0):null}function Si(e){let t=e.filter(e=>e!==null);return t.length?t.reduce((e,t)=>e+t,0)/t.length:null}function Ci(e){return ki(e.map(e=>e===null?0:null)).map(([t,n])=>[Di(Math.max(0,t-1),e.length),Di(Math.min(e.length-1,n+1),e.length)])}function wi(e){if(!(e>0))return[0,1];let t=e/5,n=10**Math.floor(Math.log10(t)),r=[1,2,2.5,5,10].map(e=>e*n).find(t=>t*5>=e*.999),i=Math.max(1,Math.ceil(e*.999/r));return Array.from({length:i+1},(e,t)=>Number((t*r).toPrecision(12)))}function Ti(e,t,n,r){let i=([e,i])=>`${Ei(e*n)} ${Ei(r-i/t*r)}`;return e.pieces.map(e=>`M${e.map(i).join(`L`)}Z`).join(``)}function Ei(e){return Math.round(e*100)/100}function Di(e,t){return t>1?e/(t-1):.5}function Oi([e,t],[,n],r){let i=r>1?.5/(r-1):.5,a=Math.max(0,e-i),o=Math.min(1,e+i);return[[a,t],[o,t],[o,n],[a,n]]}function ki(e){let t=[];return e.forEach((e,n)=>{if(e===null)return;let r=t.at(-1);r&&r[1]===n-1?r[1]=n:t.push([n,n])}),t}var Ai=6e4,ji=60*Ai,Mi=5,Ni=1e3,Pi=200,Fi=class extends F{constructor(...e){super(...e),this.asTable=!1,this.entryId=null,this.drawn=null,this.speed=new tn(this,()=>this.entryId===null||this.view.status!==`ready`?null:this.hass.callWS({type:`immich_admin_tools/speed`,entry_id:this.entryId}).then(Li),300)}static{this.styles=[F.styles,o`
      ha-card {
        display: flex;
        flex-direction: column;
        min-height: 320px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        padding: 0 16px 4px;
        font-size: 12px;
        line-height: 18px;
      }
      .legend li {
        display: flex;
        align-items: center;
        gap: 8px;
      }
      .legend b {
        font-weight: 500;
      }
      .swatch {
        flex: none;
        width: 12px;
        height: 12px;
        border-radius: 3px;
        border: 1px solid transparent;
        forced-color-adjust: none;
      }
      .unit {
        padding: 0 16px;
        color: var(--iat-secondary);
        font-size: 11px;
        line-height: 16px;
      }
      /* Time runs from left to right in every language. */
      .frame {
        direction: ltr;
        flex: 1;
        min-height: 140px;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        grid-template-rows: minmax(0, 1fr) auto auto;
        gap: 0 8px;
        padding: 8px 16px 16px;
        color: var(--iat-secondary);
        font-size: 11px;
        line-height: 16px;
      }
      .scale {
        position: relative;
        min-width: 24px;
      }
      .scale .widest {
        visibility: hidden;
      }
      .scale .value {
        position: absolute;
        inset-inline-end: 0;
        transform: translateY(50%);
      }
      .plot {
        position: relative;
      }
      .plot svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        overflow: visible;
      }
      .line {
        stroke: var(--iat-line);
        stroke-width: 1;
        vector-effect: non-scaling-stroke;
      }
      .gap {
        fill: var(--iat-neutral-tint);
        opacity: 0.6;
      }
      .area {
        forced-color-adjust: none;
        opacity: 0.87;
      }
      .times {
        grid-column: 2;
        position: relative;
        height: 20px;
        padding-top: 4px;
      }
      .times span {
        position: absolute;
        transform: translateX(-50%);
        white-space: nowrap;
      }
      .times .last {
        right: 0;
        transform: none;
      }
      .band {
        position: relative;
        height: 14px;
        margin-top: 2px;
        border: 1px solid var(--iat-line);
        border-radius: 3px;
        overflow: hidden;
        font-size: 11px;
        line-height: 12px;
        color: var(--iat-text);
      }
      .band-name {
        align-self: center;
        max-width: 72px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        text-align: end;
      }
      .band .awake {
        position: absolute;
        inset-block: 0;
        overflow: hidden;
        padding-left: 4px;
        background: color-mix(in srgb, var(--primary-color) 30%, var(--iat-card));
        white-space: nowrap;
        container: awake / inline-size;
      }
      .band .awake span {
        display: none;
      }
      @container awake (min-width: 60px) {
        .band .awake .brief {
          display: inline;
        }
      }
      @container awake (min-width: 120px) {
        .band .awake .brief {
          display: none;
        }
        .band .awake .full {
          display: inline;
        }
      }
      .event {
        position: absolute;
        top: -4px;
        bottom: 0;
        width: 0;
        border: 0;
        padding: 0;
        border-left: 1px dashed var(--iat-warning-ink);
        background: none;
        font-size: 11px;
        line-height: 16px;
      }
      .event::before {
        content: "";
        position: absolute;
        top: -4px;
        left: -5px;
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--warning-color);
        forced-color-adjust: none;
      }
      /* A finger is bigger than a dot. */
      .event::after {
        content: "";
        position: absolute;
        top: -20px;
        left: -16px;
        width: 32px;
        height: 40px;
      }
      .event:focus-visible {
        outline: none;
      }
      .event:focus-visible::before {
        outline: 2px solid var(--iat-primary-ink);
        outline-offset: 2px;
      }
      .tip {
        position: absolute;
        z-index: 1;
        top: -8px;
        width: max-content;
        max-width: 240px;
        padding: 0 4px;
        border-radius: 4px;
        background: var(--iat-card);
        color: var(--iat-text);
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        visibility: hidden;
      }
      .left .tip {
        right: 8px;
      }
      .right .tip {
        left: 8px;
      }
      .event:hover .tip,
      .event:focus .tip {
        z-index: 2;
        visibility: visible;
      }
      .message {
        padding: 0 16px 16px;
      }
      .empty {
        flex: 1;
        display: grid;
        place-content: center;
        padding: 16px;
        min-height: 140px;
        text-align: center;
        color: var(--iat-secondary);
      }
      .table {
        flex: 1;
        min-height: 140px;
        overflow: auto;
        margin: 0 16px 16px;
      }
      table {
        border-collapse: collapse;
        min-width: 100%;
        font-size: 12px;
        line-height: 16px;
      }
      th,
      td {
        padding: 4px 8px;
        border-bottom: 1px solid var(--iat-line);
        text-align: end;
        font-weight: 400;
        white-space: nowrap;
      }
      th:first-child {
        text-align: start;
        padding-inline-start: 0;
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--iat-card);
        color: var(--iat-secondary);
        font-weight: 500;
      }
      .shapes {
        flex: 1;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @container card (max-width: 499px) {
        .minor {
          display: none;
        }
        .legend {
          gap: 2px 12px;
        }
      }
      @container card (min-width: 500px) {
        .latest .tip {
          visibility: visible;
        }
      }
    `]}getGridOptions(){return{columns:12,rows:6,min_columns:6,min_rows:5}}getCardSize(){return 6}willUpdate(e){super.willUpdate(e),this.view.status===`ready`&&this.view.snapshot.entry_id!==this.entryId&&(this.entryId=this.view.snapshot.entry_id,this.speed.reset())}renderCard(e){let{value:t,problem:n}=this.speed,r=t?this.seriesOf(t):[],i=t?this.missing(t,r):null;return S`<ha-card>
      <div class="head">
        <h2>${this.t(`history.speed.title`)}</h2>
        <span class="secondary"
          >${this.t(`history.speed.last_hours`,{count:t?Ri(t):24})}</span
        >
        ${t&&!i?S`<div class="end">
                <button
                  class="button icon"
                  aria-pressed=${this.asTable}
                  aria-label=${this.t(`history.speed.table`)}
                  title=${this.t(this.asTable?`history.speed.chart`:`history.speed.table`)}
                  @click=${()=>this.asTable=!this.asTable}
                >
                  <ha-icon .icon=${this.asTable?`mdi:chart-areaspline`:`mdi:table`}></ha-icon>
                </button>
              </div>`:w}
      </div>
      ${n===null?w:S`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t(`history.speed.failed`)}</strong>
                  ${kn(n,this.format.words)}</span
                >
                <button class="link" @click=${()=>void this.speed.refresh()}>
                  ${this.t(`action.retry`)}
                </button>
              </div>
            </div>`}
      ${t===null?n===null?S`<div class="shapes" aria-busy="true"></div>`:w:i?S`<p class="empty">${i}</p>`:this.asTable?A([t,this.format],()=>this.renderTable(t,r)):S`${this.renderLegend(r,e)}${A([t,this.format],()=>this.renderChart(t,r))}`}
    </ha-card>`}seriesOf(e){return(this.drawn?.speed!==e||this.drawn.format!==this.format)&&(this.drawn={speed:e,format:this.format,series:Ii(e,this.t(`history.speed.others`))}),this.drawn.series}missing(e,t){if(e.missing&&e.missing!==`not_yet`)return this.t(`history.speed.missing.${e.missing}`);let n=bi(t.map(({values:e})=>e));return e.missing||!n.some(e=>e!==null)?this.t(`history.speed.collecting`):null}renderChart(e,t){let n=yi(t.map(({values:e})=>e)),r=bi(t.map(({values:e})=>e)),i=Math.max(0,...r.filter(e=>e!==null)),a=wi(i),o=a.at(-1),s=Math.max(1,(r.length-1)*e.step*1e3),c=t=>(t-e.start)/s*100,l=e=>o<1e3?this.format.decimal(e,2):this.format.short(e),u=this.t(`unit.rate_minute`,{value:this.format.count(i)});return S` <div class="unit">${this.t(`history.speed.unit`)}</div>
      <div class="frame">
        <div class="scale" aria-hidden="true">
          <span class="widest">${l(o)}</span>
          ${a.map(e=>S`<span class="value" style="bottom: ${e/o*100}%">${l(e)}</span>`)}
        </div>
        <div class="plot">
          <svg
            viewBox="0 0 ${Ni} ${Pi}"
            preserveAspectRatio="none"
            role="img"
            aria-label=${this.t(`history.speed.summary`,{peak:u})}
          >
            ${a.map(e=>{let t=Pi-e/o*Pi;return we`<line class="line" x1="0" x2=${Ni} y1=${t} y2=${t}></line>`})}
            ${Ci(r).map(([e,t])=>we`<rect class="gap" x=${e*Ni} width=${(t-e)*Ni} y="0" height=${Pi}>
                  <title>${this.t(`history.speed.gap`)}</title>
                </rect>`)}
            ${n.map((e,n)=>we`<path class="area" style="fill: ${t[n].colour}" d=${Ti(e,o,Ni,Pi)}></path>`)}
          </svg>
          ${i===0?S`<p class="empty">${this.t(`history.speed.idle`,{count:Ri(e)})}</p>`:w}
          ${this.renderEvents(e,c)}
        </div>
        <div class="times" aria-hidden="true">
          ${zi(e.start,e.start+s,e=>this.format.wholeHour(e)).map(({time:e,minor:t})=>S`<span class=${t?`minor`:``} style="left: ${c(e)}%"
                >${this.format.clockTime(e)}</span
              >`)}
          <span class="last">${this.t(`history.speed.now`)}</span>
        </div>
        ${e.gpu.map(t=>this.renderBand(t,e.gpu.length>1,e.start,s))}
      </div>`}renderLegend(e,t){return S`<ul class="legend" aria-label=${this.t(`history.speed.legend`)}>
      ${[...e].reverse().map(({label:e,colour:n,queues:r})=>{let i=xi(r.map(e=>t.queues[e]?.rate??null));return S`<li>
          <span class="swatch" style="background: ${n}"></span>${e}
          <b>${this.value(i)??w}</b>
        </li>`})}
    </ul>`}renderEvents(e,t){let n=e.events.filter(({at:e})=>t(e)>=0&&t(e)<=100).slice(-20);return n.map(({at:e,label:r},i)=>{let a=this.t(`history.speed.event`,{time:this.format.clockTime(e),label:r});return S`<button class="event ${t(e)>50?`left`:`right`} ${i===n.length-1?`latest`:``}" style="left: ${t(e)}%" aria-label=${a}>
        <span class="tip" aria-hidden="true">${a}</span>
      </button>`})}renderBand(e,t,n,r){let i=n+r,a=e.awake.map(([e,t])=>({from:e,to:t,left:Math.max(n,e),right:Math.min(i,t??i)})).filter(({left:e,right:t})=>t>e),o=(e,t)=>t===null?this.t(`history.speed.awake_since`,{time:this.format.time(e,this.now())}):this.t(`history.speed.awake_for`,{time:this.format.duration((t-e)/1e3)});return S`<span class="band-name" title=${e.name}
        >${t?e.name:this.t(`history.speed.gpu`)}</span
      >
      <div
        class="band"
        role="img"
        aria-label="${e.name}: ${a.map(({from:e,to:t})=>o(e,t)).join(`, `)||this.t(`history.statistics.gpu_never`)}"
      >
        ${a.map(({from:e,to:t,left:i,right:a})=>S`<div
              class="awake"
              title=${o(e,t)}
              style="left: ${(i-n)/r*100}%; width: ${(a-i)/r*100}%"
            >
              <span class="full">${o(e,t)}</span
              ><span class="brief">${this.t(`history.speed.awake`)}</span>
            </div>`)}
      </div>`}renderTable(e,t){let n=Math.max(1,Math.round(ji/1e3/e.step)),r=Math.max(...t.map(({values:e})=>e.length)),i=Array.from({length:Math.ceil(r/n)},(e,t)=>t*n).reverse(),a=e=>this.value(e)??this.t(`history.speed.gap`);return S`<div class="table" tabindex="0" role="region" aria-label=${this.t(`history.speed.title`)}>
      <table>
        <thead>
          <tr>
            <th scope="col">${this.t(`history.speed.time`)}</th>
            ${t.map(({label:e})=>S`<th scope="col">${e}</th>`)}
            <th scope="col">${this.t(`history.speed.total`)}</th>
          </tr>
        </thead>
        <tbody>
          ${i.map(r=>{let i=t.map(e=>Si(e.values.slice(r,r+n)));return S`<tr>
              <th scope="row">${this.format.time(e.start+r*e.step*1e3,this.now())}</th>
              ${i.map(e=>S`<td>${a(e)}</td>`)}
              <td>${a(xi(i))}</td>
            </tr>`})}
        </tbody>
      </table>
    </div>`}value(e){return e===null?null:e>0&&e<10?this.format.decimal(e):this.format.count(e)}};P([k()],Fi.prototype,`asTable`,void 0);function Ii(e,t){let n=e.series.filter(({values:e})=>e.some(e=>e!==null)),r=n.filter(({values:e})=>(xi(e)??0)>0),i=r.length?r:n.slice(0,1),a=new Set([...i].sort((e,t)=>(xi(t.values)??0)-(xi(e.values)??0)).slice(0,Mi)),o=i.filter(e=>a.has(e)).map(({queue:e,label:t,values:n},r)=>({label:t,queues:[e],values:n,colour:`var(--color-${r+1})`})),s=i.filter(e=>!a.has(e));if(!s.length)return o;let c=bi(s.map(e=>e.values));return[...o,{label:t,queues:s.map(({queue:e})=>e),values:c,colour:`var(--iat-secondary)`}]}function Li(e){let t=Math.max(0,...e.series.map(({values:e})=>e.length)),n=Math.min(t,...e.series.map(({values:e})=>e.findIndex(e=>e!==null)).filter(e=>e>=0)),r=ji/(e.step*1e3),i=t-(Math.ceil(Math.max(1,(t-n)/r))*r+1);if(i<=0||n===t)return e;let a=e.start+i*e.step*1e3;return{...e,start:a,series:e.series.map(e=>({...e,values:e.values.slice(i)})),gpu:e.gpu.map(e=>({...e,awake:e.awake.filter(([,e])=>e===null||e>a)})),events:e.events.filter(({at:e})=>e>=a)}}function Ri(e){let t=Math.max(0,...e.series.map(({values:e})=>e.length));return Math.max(1,Math.round((t-1)*e.step*1e3/ji))}function zi(e,t,n){let r=[],i=15*Ai,a=t-e,o=a/16;for(let s=Math.ceil(e/i)*i;s<t-o;s+=i){let t=n(s);s<=e+o/2||(a<=2*ji?r.push({time:s,minor:t===null}):t!==null&&a<=8*ji?r.push({time:s,minor:t%2!=0}):t!==null&&t%3==0&&r.push({time:s,minor:t%6!=0}))}return r}R(`immich-admin-tools-speed`,Fi,`history.speed`,e=>e===`rate`);var Bi=[`today`,`week`,`month`],Vi=`https://github.com/immich-admin-tools/immich-admin-tools/blob/main/docs/options.md#telemetry`,Hi=36e5,Ui=24*Hi,Wi=8,Gi=class extends F{constructor(...e){super(...e),this.period=`week`,this.entryId=null,this.statistics=new tn(this,()=>this.ask(this.period),300)}static{this.styles=[F.styles,fn,o`
      .head {
        flex-wrap: wrap;
      }
      .segments {
        margin-inline-start: auto;
      }
      .chart {
        padding: 0 16px 16px;
      }
      .caption {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        font-weight: 500;
      }
      .bars {
        display: flex;
        gap: 2.5%;
        height: 152px;
        margin-top: 8px;
      }
      .bars.many {
        gap: 1px;
      }
      .bar {
        flex: 1;
        min-width: 0;
        max-width: 64px;
        display: flex;
        flex-direction: column;
        justify-content: end;
        align-items: center;
        font-size: 12px;
        line-height: 16px;
      }
      .bar .rest {
        flex: 1;
        display: flex;
        flex-direction: column;
        justify-content: end;
        width: 100%;
        border-bottom: 1px solid var(--iat-line);
      }
      .bar .number {
        text-align: center;
        white-space: nowrap;
      }
      .bar .column {
        flex: none;
        border-radius: 4px 4px 0 0;
        background: color-mix(in srgb, var(--primary-color) 55%, var(--iat-card));
      }
      .bar.now .column {
        background: var(--primary-color);
      }
      .bar .when {
        height: 20px;
        padding-top: 4px;
        color: var(--iat-secondary);
        white-space: nowrap;
      }
      .missing {
        padding: 8px 0 16px;
      }
      details {
        margin-top: 8px;
        font-size: 13px;
        line-height: 18px;
      }
      summary {
        padding: 6px 0;
        color: var(--iat-secondary);
        cursor: pointer;
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        padding: 4px 0;
        text-align: start;
        font-weight: 400;
        border-top: 1px solid var(--iat-line);
      }
      th:last-child,
      td:last-child {
        text-align: end;
      }
      dl {
        display: grid;
        grid-template-columns: 1fr 1fr;
      }
      .figure {
        min-width: 0;
        padding: 12px 16px;
        border-top: 1px solid var(--iat-line);
        overflow-wrap: anywhere;
      }
      .figure.second {
        border-inline-start: 1px solid var(--iat-line);
      }
      .figure.whole {
        grid-column: 1 / -1;
      }
      dt {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 20px;
      }
      .number-large {
        font-size: 24px;
        line-height: 32px;
        font-weight: 500;
      }
      .number-large.words {
        font-size: 18px;
        line-height: 28px;
      }
      dd.more {
        color: var(--iat-secondary);
        font-size: 12px;
        line-height: 16px;
      }
      .figure .button {
        margin-top: 12px;
      }
      .message {
        padding: 0 16px 16px;
      }
      .shapes {
        height: 430px;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @media (forced-colors: active) {
        .bar .column {
          forced-color-adjust: none;
          background: CanvasText;
        }
        .bar.now .column {
          background: Highlight;
        }
      }
    `]}getCardSize(){return 8}willUpdate(e){super.willUpdate(e),this.view.status===`ready`&&this.view.snapshot.entry_id!==this.entryId&&(this.entryId=this.view.snapshot.entry_id,this.statistics.reset())}ask(e){return this.entryId===null||this.view.status!==`ready`?null:this.hass.callWS({type:`immich_admin_tools/statistics`,entry_id:this.entryId,period:e}).then(t=>({...t,period:e}))}renderCard(e){let{value:t,problem:n}=this.statistics;return S`<ha-card>
      <div class="head">
        <h2>${this.t(`history.statistics.title`)}</h2>
        <fieldset class="segments">
          <legend class="visually-hidden">${this.t(`history.statistics.period`)}</legend>
          ${Bi.map(e=>S`<label>
                <input
                  type="radio"
                  name="period"
                  .checked=${this.period===e}
                  @change=${()=>{this.period=e,this.statistics.refresh()}}
                />${this.t(`history.statistics.periods.${e}`)}
              </label>`)}
        </fieldset>
      </div>
      ${n===null?w:S`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t(`history.statistics.failed`)}</strong>
                  ${kn(n,this.format.words)}</span
                >
                <button class="link" @click=${()=>void this.statistics.refresh()}>
                  ${this.t(`action.retry`)}
                </button>
              </div>
            </div>`}
      ${t?A([t,this.format],()=>[this.renderChart(t),this.renderFigures(t)]):n===null?S`<div class="shapes" aria-busy="true"></div>`:w}
    </ha-card>`}renderChart(e){let{bars:t,period:n}=e,r=S`<div class="caption" id="caption">
      ${this.t(`history.statistics.bars.${n}`)}
    </div>`;if(!t?.length){let t=e.bars_missing??`not_yet`;return S`<div class="chart">
        ${r}
        <p class="missing secondary">${this.t(`history.statistics.missing.${t}`)}</p>
      </div>`}let i=Ki(t,n===`today`?Hi:Ui),a=Math.max(...t.map(({jobs:e})=>e)),o=i.length>Wi,s=i.findIndex(({jobs:e})=>e===a);return S`<div class="chart">
      ${r}
      <div class="bars ${o?`many`:``}" role="img" aria-labelledby="caption" aria-describedby="values">
        ${i.map((e,t)=>{let r=!o||t===s&&a>0;return S`<div
            class="bar ${t===i.length-1?`now`:``}"
            title=${this.t(`history.statistics.bar`,{when:this.when(e.start,n),jobs:e.jobs===null?this.s(`not_known`):this.format.count(e.jobs)})}
          >
            <div class="rest">
              ${r?S`<span class="number">${e.jobs===null?`?`:this.format.short(e.jobs)}</span>`:w}
              ${e.jobs===null?w:S`<div
                      class="column"
                      style="height: ${a>0?e.jobs/a*108:0}px"
                    ></div>`}
            </div>
            <div class="when">${this.mark(e.start,n,t,i.length)}</div>
          </div>`})}
      </div>
      <details>
        <summary>${this.t(`history.statistics.table`)}</summary>
        <table id="values">
          <thead>
            <tr>
              <th scope="col">${this.t(`history.statistics.${n===`today`?`hour`:`day`}`)}</th>
              <th scope="col">${this.t(`history.statistics.jobs`)}</th>
            </tr>
          </thead>
          <tbody>
            ${i.map(e=>S`<tr>
                  <th scope="row">${this.when(e.start,n)}</th>
                  <td>${e.jobs===null?this.s(`not_known`):this.format.count(e.jobs)}</td>
                </tr>`)}
          </tbody>
        </table>
      </details>
    </div>`}when(e,t){return t===`today`?`${this.format.clockTime(e)}–${this.format.clockTime(e+Hi)}`:this.format.fullDay(e)}mark(e,t,n,r){if(t===`week`)return this.format.weekdayName(e,`short`);if(t===`today`){let t=this.format.wholeHour(e);return r<=Wi||t!==null&&t%6==0?this.format.clockTime(e):``}return r<=Wi||(r-1-n)%7==0?this.format.shortDay(e):``}renderFigures(e){let t=[this.processed(e),this.busiest(e),this.average(e),this.gpu(e),this.stuck(e),this.cleared(e)].filter(e=>e!==null);return S`<dl>
      ${t.map(({name:e,value:n,more:r,words:i},a)=>S`<div
            class="figure ${a%2?`second`:``} ${a===t.length-1&&a%2==0?`whole`:``}"
          >
            <dt>${e}</dt>
            <dd class="number-large ${i?`words`:``}">${n}</dd>
            <dd class="more">${r}</dd>
          </div>`)}
      ${this.renderFailures(e)}
    </dl>`}s(e,t={}){return this.t(`history.statistics.${e}`,t)}counted(e,t){return this.s(e,{count:t,shown:this.format.count(t)})}processed({period:e,processed:t,processed_before:n}){let r=this.s(`processed`);if(t===null)return{name:r,value:this.s(`unknown`),more:``,words:!0};let i=this.format.count(t);if(n===null)return{name:r,value:i,more:this.s(`no_comparison.${e}`)};if(n===0)return{name:r,value:i,more:t===0?this.s(`same.${e}`):this.s(`zero_before.${e}`)};let a=Math.round((t/n-1)*100);if(a===0)return{name:r,value:i,more:this.s(`same.${e}`)};let o=`${a>0?`+`:`−`}${this.format.count(Math.abs(a))} %`;return{name:r,value:i,more:this.s(`change.${e}`,{change:o})}}busiest({period:e,busiest:t,processed:n}){let r=this.s(`busiest`);if(t===null)return n===0?{name:r,value:`0`,more:this.s(`no_jobs`)}:{name:r,value:this.s(`unknown`),more:``,words:!0};let i=e===`month`?this.format.shortDay(t.start):this.format.weekdayName(t.start,`short`),[a,o]=[this.format.clockTime(t.start),this.format.clockTime(t.end)],s=e===`today`?`${a}–${o}`:this.s(`at`,{day:i,from:a,to:o});return{name:r,value:this.format.count(t.jobs),more:s}}average({average:e}){let t=this.s(`average`);return e===null?{name:t,value:this.s(`unknown`),more:this.s(`not_measured`),words:!0}:{name:t,value:this.format.seconds(e.seconds),more:e.label}}gpu({gpu:e}){if(e===null)return null;let t=e.wakes?this.counted(`gpu_woken`,e.wakes):this.s(`gpu_never`),n=e.failed?`${t}, ${this.counted(`gpu_failed`,e.failed)}`:t;return e.awake===null?{name:this.s(`gpu`),value:this.s(`gpu_not_recorded`),more:n,words:!0}:{name:this.s(`gpu`),value:this.format.duration(e.awake),more:n}}stuck({stuck:e}){let t=[`photos`,`videos`,`other`].filter(t=>e[t]>0).map(t=>this.counted(t,e[t]));return{name:this.s(`stuck`),value:this.format.count(e.photos+e.videos+e.other),more:t.length?t.join(`, `):this.s(`none_stuck`)}}cleared({cleared:e}){let t=this.s(`cleared`),n=e.restarts?this.counted(`restarts`,e.restarts):this.s(`no_restart`);if(e.total===0)return{name:t,value:`0`,more:e.restarts?n:this.s(`none_cleared`)};let[r,i]=[this.format.count(e.confirmed),this.format.count(e.total)];return{name:t,value:this.s(`of`,{part:r,all:i}),more:n}}renderFailures({failures:e}){return S`<div class="figure whole">
      <dt>${this.s(`failures`)}</dt>
      ${e===null?S`<dd class="number-large words">${this.s(`not_measurable`)}</dd>
              <dd class="more">${this.s(`not_measurable_why`)}</dd>
              <dd>
                <a class="button" href=${Vi} target="_blank" rel="noopener noreferrer">
                  <ha-icon icon="mdi:help-circle-outline"></ha-icon>${this.s(`how`)}
                </a>
              </dd>`:S`<dd class="number-large">${this.format.count(e.failed)}</dd>
              <dd class="more">
                ${[...e.skipped?[this.counted(`skipped_jobs`,e.skipped)]:[],this.s(`since`,{time:this.format.time(e.since,this.now())})].join(` · `)}
              </dd>`}
    </div>`}};P([k()],Gi.prototype,`period`,void 0);function Ki(e,t){return e.flatMap((n,r)=>{let i=e[r-1],a=i?Math.max(0,Math.round((n.start-i.start)/t)-1):0,o=t===Ui?2*Hi:0;return[...Array.from({length:a},(e,n)=>({start:i.start+(n+1)*t+o,jobs:null})),n]})}R(`immich-admin-tools-statistics`,Gi,`history.statistics`,e=>[`processed`,`average_duration`,`photos_failed`].includes(e));var qi=2,J=class extends D{constructor(...e){super(...e),this.queue=``,this.age=``,this.tone=`warning`,this.reason=``,this.actions=[],this.ask=null,this.note=null,this.busy=!1,this.offersRestart=!1,this.asked=null}static{this.styles=[N,Yt,Zt,Qt,o`
      :host {
        display: block;
        padding: 8px 16px 16px;
        animation: appear 150ms;
      }
      .about {
        display: flex;
        gap: 12px;
        min-width: 0;
      }
      .facts {
        min-width: 0;
        display: flex;
        flex-direction: column;
        font-size: 13px;
        line-height: 18px;
        overflow-wrap: anywhere;
      }
      h3 {
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow: hidden;
      }
      .age {
        display: flex;
        align-items: center;
        gap: 6px;
        margin-top: 6px;
        font-weight: 500;
        --mdc-icon-size: 18px;
      }
      .age ha-icon {
        display: flex;
        flex: none;
      }
      .age.warning ha-icon {
        color: var(--iat-warning-ink);
      }
      .age.error ha-icon {
        color: var(--iat-error-ink);
      }
      .age.success ha-icon {
        color: var(--iat-success-ink);
      }
      .age.neutral ha-icon {
        color: var(--iat-secondary);
      }
      .reason {
        margin-top: 10px;
        font-size: 14px;
        line-height: 20px;
      }
      .below {
        display: flex;
        align-items: start;
        gap: 8px;
        margin-top: 12px;
      }
      .below .buttons {
        flex: 1;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      immich-tools-question,
      .note {
        margin-top: 10px;
      }
      .note {
        align-items: start;
        padding: 12px;
        font-size: 14px;
        line-height: 20px;
        --mdc-icon-size: 20px;
        animation: appear 150ms;
      }
      .note strong {
        font-weight: 500;
      }
      .note .buttons {
        margin-top: 8px;
      }
      .note .button.icon {
        margin: -10px -10px -10px 0;
        --mdc-icon-size: 20px;
      }
      .spinner {
        flex: none;
        width: 18px;
        height: 18px;
        border: 3px solid var(--iat-main-tint);
        border-top-color: var(--iat-primary-ink);
        border-radius: 50%;
        animation: turn 1s linear infinite;
      }
      @keyframes turn {
        to {
          transform: rotate(1turn);
        }
      }
      @keyframes appear {
        from {
          opacity: 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        :host {
          animation: none;
        }
      }
      @container card (max-width: 300px) {
        :host {
          --iat-thumbnail-size: 64px;
        }
      }
    `]}updated(e){if(e.has(`ask`)&&e.get(`ask`)&&!this.ask){if(this.note)this.noteElement?.focus();else{let e=this.renderRoot.querySelector(`[data-action="${this.asked}"]`),t=this.renderRoot.querySelector(`immich-tools-menu`);(e??t?.shadowRoot?.querySelector(`button`))?.focus()}}}render(){let{subject:e,format:t}=this,n=Kn(e,t),r=e.path?qn(e.path):null;return S`<div class="about">
        <immich-tools-thumbnail
          .hass=${this.hass}
          .path=${e.thumbnail}
          .alt=${n}
          .fallback=${e.type===`VIDEO`?`mdi:video-outline`:e.asset_id?`mdi:image-outline`:`mdi:tray-full`}
        ></immich-tools-thumbnail>
        <div class="facts">
          <h3 title=${n}>${kt(n,80)}</h3>
          ${r?S`<span class="secondary" title=${e.path??``}>${kt(r,48)}</span>`:w}
          <span class="secondary">${this.queue}</span>
          ${(e.times_stuck??0)>1?S`<span class="secondary">
                  ${t.words.text(`stuck_jobs.times_stuck`,{count:e.times_stuck??0,shown:t.count(e.times_stuck??0)})}
                </span>`:w}
          <span class="age ${this.tone}"><ha-icon icon="mdi:clock-alert-outline"></ha-icon>${this.age}</span>
        </div>
      </div>
      ${this.reason&&!this.note&&!this.ask?S`<p class="reason">${this.reason}</p>`:w}
      ${this.note?w:this.ask?this.renderQuestion(this.ask):this.renderButtons(n)}
      <div aria-live="polite">${this.note?this.renderNote(this.note,n):w}</div>`}renderQuestion(e){return S`<immich-tools-question
      .question=${e.question}
      .consequence=${e.consequence}
      .yes=${e.yes}
      .yesIcon=${e.icon}
      .no=${this.format.words.text(`action.cancel`)}
      @yes=${()=>this.fire(`yes`)}
      @no=${()=>this.fire(`no`)}
    ></immich-tools-question>`}label(e){let t=e===`ignore`&&this.subject.kind===`long_running`;return this.format.words.text(`stuck_jobs.button.${t?`leave`:e}`)}icon(e){return e===`ignore`&&this.subject.kind===`long_running`?`mdi:clock-outline`:U[e]}renderButtons(e){let{words:t}=this.format,n=this.actions.slice(0,qi),r=this.actions.slice(qi).map(e=>({id:e,label:this.label(e),icon:this.icon(e)}));return this.subject.url&&r.push({id:`open`,label:t.text(`action.open_in_immich`),icon:`mdi:open-in-new`}),!n.length&&!r.length?w:S`<div class="below">
      <div class="buttons">
        ${n.map((n,r)=>S`<button
              class="button ${r===0?`main`:``}"
              data-action=${n}
              aria-label=${t.text(`stuck_jobs.button.of`,{action:this.label(n),file:e})}
              @click=${()=>this.press(n)}
            >
              <ha-icon .icon=${this.icon(n)}></ha-icon>${this.label(n)}
            </button>`)}
      </div>
      <immich-tools-menu
        .label=${t.text(`stuck_jobs.button.more_of`,{file:e})}
        .items=${r}
        @choose=${e=>this.choose(e.detail)}
      ></immich-tools-menu>
    </div>`}renderNote(e,t){let{words:n}=this.format,r=e.restart&&this.offersRestart,i=e.tone===`success`&&this.subject.url;return S`<div class="note ${e.tone}" tabindex="-1">
      ${this.busy?S`<span class="spinner" aria-hidden="true"></span>`:S`<ha-icon .icon=${e.icon}></ha-icon>`}
      <div class="words">
        <p><strong>${e.verdict}</strong> ${e.more}</p>
        ${r||i?S`<div class="buttons">
                ${r?S`<button
                          class="button main"
                          data-action="restart"
                          @click=${()=>this.fire(`restart`)}
                        >
                          <ha-icon .icon=${U.restart}></ha-icon>${n.text(`stuck_jobs.button.restart`)}
                        </button>
                        <button
                          class="button text"
                          aria-label=${n.text(`stuck_jobs.button.of`,{action:n.text(`stuck_jobs.button.later`),file:t})}
                          @click=${()=>this.fire(`dismiss`)}
                        >
                          ${n.text(`stuck_jobs.button.later`)}
                        </button>`:w}
                ${i?S`<a
                        class="button text"
                        href=${this.safeUrl??w}
                        target="_blank"
                        rel="noreferrer"
                      >
                        <ha-icon icon="mdi:open-in-new"></ha-icon>${n.text(`action.open_in_immich`)}
                      </a>`:w}
              </div>`:w}
      </div>
      ${this.busy||r?w:S`<button
              class="button icon"
              aria-label=${n.text(`stuck_jobs.button.dismiss_of`,{file:t})}
              title=${n.text(`action.dismiss`)}
              @click=${()=>this.fire(`dismiss`)}
            >
              <ha-icon icon="mdi:close"></ha-icon>
            </button>`}
    </div>`}get safeUrl(){let{url:e}=this.subject;return e&&/^https?:\/\//i.test(e)?e:null}choose(e){e===`open`?this.safeUrl&&window.open(this.safeUrl,`_blank`,`noreferrer`):this.press(e)}press(e){this.asked=e,this.dispatchEvent(new CustomEvent(`action`,{detail:e}))}fire(e){this.dispatchEvent(new CustomEvent(e))}};P([O({attribute:!1})],J.prototype,`hass`,void 0),P([O({attribute:!1})],J.prototype,`format`,void 0),P([O({attribute:!1})],J.prototype,`subject`,void 0),P([O()],J.prototype,`queue`,void 0),P([O()],J.prototype,`age`,void 0),P([O()],J.prototype,`tone`,void 0),P([O()],J.prototype,`reason`,void 0),P([O({attribute:!1})],J.prototype,`actions`,void 0),P([O({attribute:!1})],J.prototype,`ask`,void 0),P([O({attribute:!1})],J.prototype,`note`,void 0),P([O({type:Boolean})],J.prototype,`busy`,void 0),P([O({type:Boolean})],J.prototype,`offersRestart`,void 0),P([We(`.note`)],J.prototype,`noteElement`,void 0),J=P([L(`immich-tools-stuck-item`)],J);var Ji=5,Yi=50,Xi=5,Zi=6e5,Qi=1800,$i=`immich_admin_tools.dismissed`,Y=class extends F{constructor(){super(),this.asking=null,this.pending=new Map,this.answers=new Map,this.told=null,this.unfolded=!1,this.dismissed=na(),this.places=new Map,new Pn(this)}static{this.styles=[F.styles,o`
      .head .end {
        flex-wrap: wrap;
        justify-content: end;
      }
      .block {
        padding: 0 16px 8px;
        font-size: 14px;
        line-height: 20px;
      }
      .block .note {
        align-items: start;
        padding: 12px;
        font-size: 14px;
        line-height: 20px;
        --mdc-icon-size: 20px;
      }
      .note strong {
        font-weight: 500;
      }
      .note .button.icon {
        margin: -10px -10px -10px 0;
        --mdc-icon-size: 20px;
      }
      .spinner {
        flex: none;
        width: 18px;
        height: 18px;
        border: 3px solid var(--iat-main-tint);
        border-top-color: var(--iat-primary-ink);
        border-radius: 50%;
        animation: turn 1s linear infinite;
      }
      @keyframes turn {
        to {
          transform: rotate(1turn);
        }
      }
      .items > li + li,
      .foot {
        border-top: 1px solid var(--iat-line);
      }
      .items > li + li.said {
        padding-top: 8px;
      }
      .items > li + li:not(.said) {
        padding-top: 8px;
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 8px 16px;
        padding: 10px 16px;
        font-size: 13px;
        line-height: 18px;
      }
      .foot immich-tools-question {
        flex: 1 1 100%;
      }
      .nothing {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 66px;
        padding: 8px 16px;
      }
      .nothing .verdict {
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
      }
      .nothing p {
        font-size: 13px;
        line-height: 18px;
        overflow-wrap: anywhere;
      }
      .nothing .checked {
        display: none;
      }
      @container card (min-width: 600px) {
        .nothing {
          flex-direction: column;
          gap: 4px;
          padding: 24px 16px;
          text-align: center;
        }
        .nothing immich-tools-icon-tile {
          --iat-tile-size: 56px;
          margin-bottom: 8px;
        }
        .nothing .verdict {
          font-size: 18px;
          line-height: 24px;
        }
        .nothing .checked {
          display: block;
        }
      }
      .stale {
        --primary-text-color: var(--iat-secondary);
      }
      .loading {
        height: 68px;
      }
    `]}renderLoading(){return S`<ha-card aria-busy="true" aria-label=${this.t(`card.loading`)}
      ><div class="loading"></div
    ></ha-card>`}renderCard(e,t){let n=this.now(),r=this.entries(e,n),i=r.filter(e=>e.job&&!e.answer),a=!r.length&&e.stuck_total===0&&!e.lost_slots&&!e.restart.running&&!this.told&&this.actionError===null,o=a?w:this.renderHead(e,r,i,t);return S`<ha-card class=${t||!Ft(e)?`stale`:``}>
      ${o}
      <div role="status">${this.renderState(e,t,n)}</div>
      ${a?this.renderNothing(e,t,n):this.renderAll(e,r,i,t,n)}
    </ha-card>`}renderNothing(e,t,n){let r=!t&&Ft(e)&&e.source!==`redis_lost`,i=e.last_cleared;return S`<div class="nothing">
      <immich-tools-icon-tile
        .icon=${r?`mdi:check`:`mdi:help`}
        .tone=${r?`success`:`neutral`}
      ></immich-tools-icon-tile>
      <div>
        <h2 class="verdict">
          ${this.t(r?`stuck_jobs.nothing.verdict`:`stuck_jobs.nothing.verdict_then`)}
        </h2>
        <p class="secondary checked">
          ${this.t(`stuck_jobs.nothing.checked`,{ago:Gn(this.format,(n-e.as_of)/1e3)})}
        </p>
        ${e.source===`api`?S`<p class="secondary">${this.t(`stuck_jobs.nothing.without_redis`)}</p>`:i?S`<p class="secondary">
                  ${this.t(i.file_name?`stuck_jobs.nothing.last`:`stuck_jobs.nothing.last_job`,{file:i.file_name??``,ago:Gn(this.format,(n-i.at)/1e3)})}
                </p>`:w}
      </div>
    </div>`}renderState(e,t,n){let r=this.t(`stuck_jobs.state.as_of`,{time:this.format.time(e.as_of,n)});if(t)return this.line(`error`,`mdi:lan-disconnect`,this.t(`card.disconnected`),r);if(e.unreachable_since!==null){let t=this.format.time(e.unreachable_since,n);return this.line(`error`,`mdi:alert-circle`,this.t(`stuck_jobs.state.unreachable`,{time:t}),r)}return e.source===`redis_lost`?this.line(``,`mdi:database-off-outline`,``,this.t(`stuck_jobs.state.redis_lost`)):w}line(e,t,n,r){return S`<div class="block" style="padding-top: 8px">
      <div class="note ${e}">
        <ha-icon .icon=${t}></ha-icon>
        <span class="words">${n?S`<strong>${n}</strong>`:w} ${r}</span>
      </div>
    </div>`}renderHead(e,t,n,r){let i=e.stuck_total>0&&n.length>0&&n.every(({job:e})=>e?.kind===`long_running`),a=this.clearable(e),o=a.queues.reduce((e,t)=>e+t.stuck,0),s=this.mayAct(e,r)&&o>1&&!this.pending.size&&!this.told?.busy&&this.asking?.action!==`all`;return S`<div class="head">
      <h2 tabindex="-1">
        ${this.t(zn((n.length?n:t).map(e=>e.subject),i))}
      </h2>
      ${e.stuck_total?S`<span class="secondary">${this.format.count(e.stuck_total)}</span>`:w}
      ${s?S`<span class="end">
              <button class="button text all" @click=${()=>this.asking={action:`all`,id:null}}>
                ${nr(o,a.requeues,this.format)}
              </button>
            </span>`:w}
    </div>`}renderAll(e,t,n,r,i){let a=this.mayAct(e,r),{shown:o,folded:s}=this.fold(t),c=a?this.together(n):null,l=s+Math.max(0,e.stuck_total-n.length),u=this.results(e,i).length-Xi;return S`
      ${this.asking?.action===`all`?S`<div class="block">${this.renderAsk(this.allAsk(e),`.all`)}</div>`:w}
      ${this.actionError===null?w:S`<div class="block">${this.renderActionError()}</div>`}
      <div aria-live="polite">${this.renderTold(e)}</div>
      ${this.renderLostSlots(e,t)} ${this.renderByHand(e,t,a)}
      <ul class="items">
        ${it(o,e=>e.id,(t,r)=>this.renderEntry(t,o[r-1],n,e,a,c,i))}
      </ul>
      ${this.renderByHand(e,t,a)}
      ${l>0?S`<div class="foot">
              ${s>0?S`<button class="button text more" @click=${()=>this.unfolded=!0}>
                      <ha-icon icon="mdi:chevron-down"></ha-icon>
                      ${this.t(`stuck_jobs.button.show_more`,{count:l,shown:this.format.count(l)})}
                    </button>`:S`<span class="secondary">
                      ${this.t(`stuck_jobs.not_listed`,{count:l,shown:this.format.count(l)})}
                    </span>`}
            </div>`:w}
      ${this.unfolded&&n.length>Ji?S`<div class="foot">
              <button class="button text less" @click=${()=>this.unfolded=!1}>
                <ha-icon icon="mdi:chevron-up"></ha-icon>${this.t(`stuck_jobs.button.show_less`)}
              </button>
            </div>`:w}
      ${u>0?S`<div class="foot">
              <span class="secondary">
                ${this.t(`stuck_jobs.more_results`,{count:u,shown:this.format.count(u)})}
              </span>
            </div>`:w}
      ${this.renderFoot(e,n,t,a,c)}
    `}fold(e){let t=0,n=this.unfolded?Yi:Ji,r=e.filter(e=>e.answer!==null||e.pending!==null||this.asking?.id===e.id||t++<n);return{shown:r,folded:e.length-r.length}}together(e){for(let t of[`clear_and_restart`,`restart`])if(e.filter(({job:e})=>e?.actions.includes(t)).length>1)return t;return null}renderEntry(e,t,n,r,i,a,o){let{job:s,answer:c,pending:l}=e,u=this.format,d=``,f=null;if(s&&!c){let i=n.filter(t=>t.group===e.group);if(i.length>1){if(t?.group!==e.group||!t.job){let t=In[e.group],a=i.length===n.length?Math.max(i.length,r.stuck_total):i.length;f=Hn(i.map(e=>e.job),t,a,u)}}else d=Vn(s,r,u,o)}let p=l?this.doing(l,s!==null):c?ar(c,e.subject,r,u):s?.under_way?ea(this.t(`stuck_jobs.state.under_way`),this.t(`stuck_jobs.state.under_way_hint`)):null,m=s?Bn(s,r):null,h=p?.tone===`success`||p?.tone===`info`,g=l||!c?m===`worker_lost`?`error`:m===`long_running`?`neutral`:`warning`:h?`success`:`warning`,_=s??l?.job??null;return S`<li class=${f?`said`:``}>
      ${f?S`<p class="block">${f}</p>`:w}
      <immich-tools-stuck-item
        .hass=${this.hass}
        .format=${u}
        .subject=${_??e.subject}
        .queue=${r.queues[e.subject.queue]?.label??e.subject.queue}
        .age=${c&&!l?Yn(c,u):_?Jn(_,r,u,o):``}
        .tone=${g}
        .reason=${d}
        .actions=${i&&s?s.actions.filter(e=>e!==a):[]}
        .ask=${this.asking&&this.asking.id===e.id&&_?Qn(this.asking.action,_,r,u):null}
        .note=${p}
        .busy=${l!==null||!c&&s?.under_way===!0}
        .offersRestart=${this.offersRestart(r,i)}
        @action=${e=>this.pressed(e.detail,_)}
        @yes=${()=>this.confirmed(_)}
        @no=${()=>this.asking=null}
        @dismiss=${()=>this.dismiss(e)}
        @restart=${()=>this.asking={action:`restart`,id:null}}
      ></immich-tools-stuck-item>
    </li>`}doing(e,t){let{action:n}=e,r=n===`clear`&&!t?`cleared`:n,i=`stuck_jobs.doing.${r===`clear_and_restart`?`restart`:r}_next`;return ea(this.t(`stuck_jobs.doing.${r}`),this.format.words.has(i)?this.t(i):``)}offersRestart(e,t){return t&&e.restart.configured&&!e.restart.running&&!this.told?.busy&&this.asking?.action!==`restart`}renderByHand(e,t,n){let r=(e.lost_slots??0)>0||t.some(({job:e,answer:t})=>e?.kind===`hung`&&!t);return n&&r&&!e.restart.configured?S`<p class="block secondary">${this.t(`stuck_jobs.restart_by_hand`)}</p>`:w}renderLostSlots(e,t){let n=e.lost_slots??0,r=t.some(({answer:e})=>e?.is===`outcome`&&e.outcome===`slot_lost`);if(!n||r)return w;let i=Object.values(e.queues).filter(e=>e.lost_slots);return S`<div class="block">
      <div class="note warning">
        <ha-icon icon="mdi:alert"></ha-icon>
        <p class="words">
          <strong
            >${this.t(`stuck_jobs.lost_slots.verdict`,{count:n,shown:this.format.count(n)})}</strong
          >
          ${this.t(`stuck_jobs.lost_slots.${n===1?`why_one`:`why`}`)}
          ${i.filter(e=>e.concurrency!==null).map(e=>or(e,e.label,this.format)).join(` `)}
        </p>
      </div>
    </div>`}renderTold(e){let t=this.told??(e.restart.running?{note:ea(this.t(`stuck_jobs.state.restarting`),this.t(`stuck_jobs.state.restarting_hint`)),busy:!0}:null);if(!t)return w;let{note:n,busy:r}=t;return S`<div class="block">
      <div class="note told ${n.tone}" tabindex="-1">
        ${r?S`<span class="spinner" aria-hidden="true"></span>`:S`<ha-icon .icon=${n.icon}></ha-icon>`}
        <p class="words"><strong>${n.verdict}</strong> ${n.more}</p>
        ${r?w:S`<button
                class="button icon"
                aria-label=${this.t(`action.dismiss`)}
                title=${this.t(`action.dismiss`)}
                @click=${()=>{this.told=null,this.focusOn(`h2`)}}
              >
                <ha-icon icon="mdi:close"></ha-icon>
              </button>`}
      </div>
    </div>`}renderFoot(e,t,n,r,i){let{asking:a}=this;if(a?.id===null&&a.action!==`all`){let t=a.action===`restart`?$n(e,this.format):er(e,this.format);return S`<div class="foot">${this.renderAsk(t,`.once`)}</div>`}let o=!t.length&&(e.lost_slots??0)>0&&!n.some(({answer:e})=>e?.is===`outcome`&&e.outcome===`slot_lost`),s=i??(o?`restart`:null);if(!s||!r||this.pending.size||this.told?.busy||e.restart.running||o&&!e.restart.configured)return w;let c=e.restart.usual_seconds;return S`<div class="foot">
      <span class="secondary">
        ${c===null?this.t(`stuck_jobs.away_unknown`):this.t(`stuck_jobs.away`,{time:this.format.duration(c)})}
      </span>
      <button class="button once" @click=${()=>this.asking={action:s,id:null}}>
        <ha-icon .icon=${U[s]}></ha-icon>${this.t(`stuck_jobs.button.${s}`)}
      </button>
    </div>`}renderAsk(e,t){return S`<immich-tools-question
      .question=${e.question}
      .consequence=${e.consequence}
      .yes=${e.yes}
      .yesIcon=${e.icon}
      .no=${this.t(`action.cancel`)}
      @yes=${()=>this.confirmed(null)}
      @no=${()=>{this.asking=null,this.focusOn(t)}}
    ></immich-tools-question>`}mayAct(e,t){return e.may_act&&!t&&e.unreachable_since===null}clearable(e){let t=Object.values(e.stuck),n=new Set(t.filter(e=>e.kind!==`long_running`&&(e.actions.includes(`clear`)||e.actions.includes(`requeue`))).map(e=>e.queue)),r=ir(e).filter(r=>r.writable&&(n.has(r.name)||e.stuck_total>t.length&&r.stuck>r.slow)),i=t.filter(e=>r.some(t=>t.name===e.queue));return{queues:r,requeues:i.length>0&&i.every(e=>e.kind===`orphaned`)}}allAsk(e){let{queues:t,requeues:n}=this.clearable(e);return tr(t,n,e,this.format)}get snapshot(){return this.view.status===`ready`?this.view.snapshot:null}pressed(e,t){let{snapshot:n}=this;t&&n&&(Qn(e,t,n,this.format)?this.asking={action:e,id:Ln(t)}:(this.asking=null,this.doOne(e,t,n)))}confirmed(e){let{asking:t,snapshot:n}=this;this.asking=null,t&&n&&(t.id===null?this.doAll(t.action,n):e&&this.doOne(t.action,e,n))}async doOne(e,t,n){let r=Ln(t);this.forget(r),this.pending=new Map(this.pending).set(r,{action:e,job:t});try{let i=await this.ordered(e,t,n);i&&this.answer(r,t,i)}catch(e){let n=cr(e),i=t.since===null?null:(this.now()-t.since)/1e3,a=this.now();this.answer(r,t,n?{is:`skipped`,reason:n,at:a,age:i}:{is:`error`,message:At(e),at:a,age:i})}finally{let e=new Map(this.pending);e.delete(r),this.pending=e,this.told&&this.shadowRoot?.activeElement?.localName===`immich-tools-stuck-item`&&this.focusOn(`.told`)}}async ordered(e,t,n){let r=t.since===null?null:(this.now()-t.since)/1e3;switch(e){case`clear`:case`requeue`:return ta((await this.call(`clear_job`,{config_entry_id:n.entry_id,queue:[t.queue],job_id:t.job_id,mode:e===`clear`?`remove`:`requeue`})).queues?.[t.queue],t.job_id,this.now(),r);case`ignore`:return await this.hass.callWS({type:`immich_admin_tools/ignore_job`,entry_id:n.entry_id,queue:t.queue,job_id:t.job_id,...t.kind===`long_running`?{for:Qi}:{}}),{is:`ignored`,kind:t.kind,at:this.now(),age:r};case`clear_and_restart`:case`restart`:return await this.restart(e,n),null}}async doAll(e,t){let n=e===`all`?`clear`:e;this.told={busy:!0,note:ea(this.t(`stuck_jobs.doing.${n}`),this.t(`stuck_jobs.doing.${e===`all`?`clear`:`restart`}_next`))},this.focusOn(`.told`);try{if(e===`all`){let{queues:e}=this.clearable(t),n=await this.call(`clear_stuck`,{config_entry_id:t.entry_id,queue:e.map(e=>e.name)});this.told={busy:!1,note:this.summary(Object.values(n.queues??{}))}}else await this.restart(e,t)}catch(e){this.told={busy:!1,note:{tone:`error`,icon:`mdi:alert-circle`,verdict:this.t(`card.action_failed`),more:At(e),restart:!1}}}}async restart(e,t){let n={config_entry_id:t.entry_id};if(e===`restart`){this.told={busy:!1,note:this.restarted(await this.call(`restart_workers`,n),t)};return}let r=await this.call(`clear_all_and_restart`,n),i=this.summary(Object.values(r.queues??{})),a=this.restarted(r.restart,t);this.told={busy:!1,note:{...a,tone:a.tone===`success`?i.tone:a.tone,icon:a.tone===`success`?i.icon:a.icon,verdict:i.verdict,more:[i.more,a.verdict,a.more].filter(Boolean).join(` `)}}}restarted(e,t){let n=e=>this.format.list(e.map(e=>t.queues[e]?.label??e)),r=e.confirmed===!0,i=[];r&&!e.missing?.length&&e.seconds!==void 0&&i.push(this.t(`stuck_jobs.restarted.back`,{time:this.format.duration(e.seconds)})),e.missing?.length&&i.push(this.t(`stuck_jobs.restarted.missing`,{queues:n(e.missing)})),e.still_paused?.length&&i.push(this.t(`stuck_jobs.restarted.still_paused`,{queues:n(e.still_paused)}));let a=r&&!e.missing?.length&&!e.still_paused?.length;return{tone:a?`success`:`warning`,icon:a?`mdi:check-circle`:`mdi:alert`,verdict:this.t(`stuck_jobs.restarted.${r?`confirmed`:`unconfirmed`}`),more:i.join(` `),restart:!1}}summary(e){let t=[],n=t=>e.reduce((e,n)=>e+n.jobs.filter(e=>e.outcome===t).length,0),r=[`confirmed`,`slot_lost`,`unconfirmed`,`failed`].map(e=>[e,n(e)]),i=e.reduce((e,t)=>e+t.skipped.length,0);for(let[e,n]of[...r,[`skipped`,i]])n&&t.push(this.t(`stuck_jobs.outcome.several.${e}`,{count:n,shown:this.format.count(n)}));let a=Object.fromEntries(r),o=a.failed||a.slot_lost?`warning`:a.unconfirmed||i||!t.length?`neutral`:`success`;return{tone:o,icon:{warning:`mdi:alert`,neutral:`mdi:information-outline`,success:`mdi:check-circle`}[o],verdict:t[0]??this.t(`stuck_jobs.outcome.several.none`),more:t.slice(1).join(` `),restart:!1}}async call(e,t){this.actionError=null;let{response:n}=await this.hass.callService(`immich_admin_tools`,e,t,void 0,!1,!0);return n??{}}answer(e,t,n){this.answers=new Map(this.answers).set(e,{answer:n,subject:t})}forget(e){let t=new Map(this.answers);t.delete(e),this.answers=t}dismiss(e){this.forget(e.id);let t=Math.max(this.now(),e.answer?.at??0);this.dismissed=Object.fromEntries([...Object.entries(this.dismissed).filter(([,e])=>t-e<Zi),[`${this.entryId}/${e.id}`,t]]);try{sessionStorage.setItem($i,JSON.stringify(this.dismissed))}catch{}this.focusOn(`h2`)}get entryId(){return`snapshot`in this.view?this.view.snapshot?.entry_id??``:``}focusOn(e){this.updateComplete.then(()=>{(this.renderRoot.querySelector(e)??this.renderRoot.querySelector(`h2`))?.focus()})}entries(e,t){let n=new Map;for(let t of Object.values(e.stuck)){let r=Ln(t),i={group:In.indexOf(Bn(t,e)),since:t.since??0};this.places.set(r,i),n.set(r,{id:r,subject:t,job:t,answer:null,pending:null,...i})}for(let[e,r]of this.pending){let i=n.get(e);i?i.pending=r:n.set(e,{id:e,subject:r.job,job:null,answer:null,pending:r,...this.place(e,t)})}for(let[r,{answer:i,subject:a}]of this.answers)this.put(n,r,a,i,e,t);for(let r of this.results(e,t).slice(0,Xi)){let{at:i,age:a,doubt:o,mode:s,by:c}=r;this.put(n,Ln(r),r,{is:`outcome`,outcome:r.outcome,doubt:o,mode:s,by:c,at:i,age:a},e,t)}return this.places.size>500&&(this.places=new Map([...this.places].filter(([e])=>n.has(e)))),[...n.values()].sort((e,t)=>e.group-t.group||e.since-t.since||e.id.localeCompare(t.id))}results(e,t){return Object.values(e.outcomes).filter(n=>this.isTold(Ln(n),n.at,e,t)).sort((e,t)=>t.at-e.at)}isTold(e,t,n,r){return r-t<=Zi&&(this.dismissed[`${n.entry_id}/${e}`]??0)<t}place(e,t){return this.places.get(e)??{group:In.length,since:t}}put(e,t,n,r,i,a){if(!this.isTold(t,r.at,i,a))return;let o=e.get(t);o?.pending||(o?.job?(o.job.since??0)<=r.at&&(o.answer=r):o?o.answer=r:e.set(t,{id:t,subject:n,job:null,answer:r,pending:null,...this.place(t,r.at-(r.age??0)*1e3)}))}};P([k()],Y.prototype,`asking`,void 0),P([k()],Y.prototype,`pending`,void 0),P([k()],Y.prototype,`answers`,void 0),P([k()],Y.prototype,`told`,void 0),P([k()],Y.prototype,`unfolded`,void 0),P([k()],Y.prototype,`dismissed`,void 0);function ea(e,t){return{tone:`info`,icon:`mdi:progress-clock`,verdict:e,more:t,restart:!1}}function ta(e,t,n,r){let i=e?.jobs.find(e=>e.job_id===t);if(i){let{outcome:e,doubt:t,mode:a}=i;return{is:`outcome`,outcome:e,doubt:t,mode:a,by:`user`,at:n,age:i.age??r}}let a=e?.skipped.find(e=>e.job_id===t);return a?{is:`skipped`,reason:a.reason,at:n,age:r}:null}function na(){try{return JSON.parse(sessionStorage.getItem($i)??`{}`)}catch{return{}}}R(`immich-admin-tools-stuck-jobs`,Y,`stuck_jobs`,e=>[`stuck_jobs`,`last_heal`,`blocked_workers`,`oldest_active`].includes(e));var ra=736,ia=1344,aa=`(max-width: 735px)`,oa=`(min-width: ${ra}px) and (max-width: 1343px)`,sa=`(min-width: ${ia}px)`,ca=`(min-width: ${ra}px)`,la=`(max-width: 1343px)`,ua=6e4,da=class extends HTMLElement{static async generate(e,t){await gt(t.locale.language);let n=new _t(t.locale.language),r;try{r=await Jt(t)}catch{return fa(t,null),{views:[wa(n,`unavailable`,t)]}}fa(t,r);let i=e.entry_id?r.filter(({entry_id:t})=>t===e.entry_id):r;return i.length?{views:_a(n,i,t)}:{views:[wa(n,e.entry_id?`not_found`:`no_instance`,t)]}}static shouldRegenerate(e,t,n){ga(n);let r=qt(n);return r.instances===X.instances&&t.entities===n.entities&&t.devices===n.devices&&t.locale.language===n.locale.language?!1:(X.instances=r.instances,ma(n,r.instances)!==X.signature&&pa(r.instances)>=pa(X.shown))}static getCreateSuggestions(){return{title:`Immich`,icon:`mdi:image-multiple`}}static{this.noEditor=!0}},X={instances:null,shown:null,signature:``};function fa(e,t){X.instances=X.shown=t,X.signature=ma(e,t)}function pa(e){return e?.length?e.length+2+Number(e.some(({problem_assets:e})=>e>0)):1}function ma(e,t){return JSON.stringify([e.locale.language,t?.map(({entry_id:t,title:n,gpu_hosts:r,problem_assets:i})=>[t,n,r.map(({host_id:e})=>e),i>0,ya.map(n=>xa(e,t,n))])])}var ha=null;function ga(e){let t=Date.now()+ua;if(ha){ha.until=t;return}let n={stop:qt(e).listen(()=>void 0),until:t};ha=n;let r=()=>{let e=n.until-Date.now();e>0?setTimeout(r,e):(n.stop(),ha=null)};setTimeout(r,ua)}function _a(e,t,n){let r=t.length>1,i=t=>e.text(`history.dashboard.${t}`),a=t.map((e,t)=>Ca({title:r?e.title:i(`overview`),path:t===0?`overview`:`overview-${t+1}`,icon:r?`mdi:image-multiple`:`mdi:view-dashboard`,sections:va(e,n)})),o=t.filter(({problem_assets:e})=>e>0),s=[...a,Ca({title:i(`queues`),path:`queues`,icon:`mdi:tray-full`,sections:t.map(e=>$(3,[...Sa(e,r),Z(`queues`,e,`full`,{expanded:!0})]))}),Ca({title:i(`history`),path:`history`,icon:`mdi:history`,sections:t.flatMap(e=>[...r?[$(3,Sa(e,r))]:[],$(2,[Q(sa,Z(`activity`,e,`full`))]),$(1,[Q(la,Z(`activity`,e))]),$(1,[Z(`statistics`,e)])])})];return o.length&&s.push(Ca({title:i(`problem_photos`),path:`problem-photos`,icon:`mdi:image-broken-variant`,sections:o.map(e=>$(3,[...Sa(e,r),Z(`problem-photos`,e,`full`)]))})),s}function va(e,t){let n=Z(`stuck-jobs`,e),r=Z(`speed`,e,`full`),i=[...e.gpu_hosts.map(({host_id:t})=>Z(`gpu-host`,e,12,{host_id:t})),...ba(e,t)];return[$(3,[Z(`headline`,e,`full`)]),$(1,[Q(aa,n)]),$(2,[Z(`queues`,e,`full`),Q(sa,r)]),$(1,[Q(ca,n),...i.map(e=>Q(sa,e))]),$(2,[Q(oa,r)]),$(1,i.map(e=>Q(la,e))),$(2,[Q(aa,r)])].filter(({cards:e})=>e.length>0)}var ya=[`import_mode`,`auto_heal`];function ba(e,t){return ya.flatMap(n=>{let r=xa(t,e.entry_id,n);if(!r)return[];let i=/^(input_)?select\./.test(r);return[{type:`tile`,entity:r,name:{type:`entity`},vertical:!1,...i&&{hide_state:!0},features:[{type:i?`select-options`:`toggle`}],features_position:i?`bottom`:`inline`,grid_options:{columns:12}}]})}function xa(e,t,n){for(let r of Object.values(e.entities))if(!(r?.platform!==`immich_admin_tools`||r.translation_key!==n||r.hidden)&&(e.devices?.[r.device_id??``])?.config_entries.includes(t))return r.entity_id;return null}function Sa(e,t){return t?[{type:`heading`,heading:e.title,icon:`mdi:image-multiple`}]:[]}function Z(e,t,n=12,r={}){return{type:`custom:immich-admin-tools-${e}`,entry_id:t.entry_id,...r,grid_options:{columns:n}}}function Q(e,t){return{...t,visibility:[{condition:`screen`,media_query:e}]}}function $(e,t){return{type:`grid`,column_span:e,cards:t}}function Ca(e){return{...e,type:`sections`,max_columns:3,dense_section_placement:!0,show_icon_and_title:!0}}function wa(e,t,n){let r=n.user?.is_admin?`admin`:`user`,i=`history.dashboard.${t}`;return{title:`Immich`,path:`overview`,icon:`mdi:image-multiple`,cards:[{type:`markdown`,title:e.text(`${i}.title`),content:e.text(`${i}.${e.has(`${i}.${r}`)?r:`text`}`)}]}}an(`immich-admin-tools`,da,`history.dashboard`);
//# sourceMappingURL=immich-admin-tools.js.map